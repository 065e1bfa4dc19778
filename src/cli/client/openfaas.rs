//! OpenFaaS' own API, as its clients see it: these requests work on any OpenFaaS gateway.

use super::{Client, parse};
use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cluster::function::{FunctionName, is_dns_label};
use crate::mistake::nearest;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

/// A function as `/system/functions` lists it. What an encoder leaves out is zero.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its image.
    #[serde(default)]
    pub image: String,
    /// Replicas that are wanted.
    #[serde(default)]
    pub replicas: u64,
    /// Pods that take requests.
    #[serde(default)]
    pub available_replicas: u64,
    /// Invocations so far; a number with a fraction to some encoders.
    #[serde(default)]
    pub invocation_count: f64,
    /// When it was deployed, in RFC 3339.
    #[serde(default)]
    pub created_at: String,
}

impl Client {
    /// The functions of a namespace, as the gateway wrote them.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub async fn functions<T: serde::de::DeserializeOwned>(
        &self,
        namespace: &str,
    ) -> Result<Vec<T>, Failure> {
        self.json(Method::GET, &format!("/system/functions?namespace={namespace}"), Bytes::new()).await
    }

    /// One function, if it is there.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub async fn function(&self, name: &FunctionName) -> Result<Option<Function>, Failure> {
        let FunctionName { name, namespace } = name;
        let path = format!("/system/function/{name}?namespace={namespace}&usage=1");
        match self.answer(Method::GET, &path, Bytes::new()).await? {
            (StatusCode::NOT_FOUND, _) => Ok(None),
            (status, body) if status.is_success() => parse(&body).map(Some),
            (status, body) => Err(self.refused(status, &body)),
        }
    }

    /// Removes a function; false when there is none of that name.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn remove(&self, name: &FunctionName) -> Result<bool, Failure> {
        let body = json!({"functionName": name.name, "namespace": name.namespace}).to_string();
        match self.answer(Method::DELETE, "/system/functions", body.into()).await? {
            (StatusCode::NOT_FOUND, _) => Ok(false),
            (status, _) if status.is_success() => Ok(true),
            (status, words) => Err(self.refused(status, &words)),
        }
    }

    /// That there is no such function, with the name that was probably meant.
    pub async fn no_function(&self, name: &FunctionName) -> Failure {
        let there: Vec<Function> = self.functions(&name.namespace).await.unwrap_or_default();
        let FunctionName { name, namespace } = name;
        let advice = match nearest(name, there.iter().map(|f| f.name.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None if there.is_empty() => "it has none; deploy one with `faasim deploy`".into(),
            None => "`faasim list` shows those that it has".into(),
        };
        Failure::failed(format_args!("no function `{name}` in namespace `{namespace}`: {advice}"))
    }

    /// What the gateway says of itself and of its provider.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub async fn info(&self) -> Result<Value, Failure> {
        self.json(Method::GET, "/system/info", Bytes::new()).await
    }
}

/// `NAME` or `NAME.NAMESPACE`; the namespace of `-n` where it names none.
///
/// # Errors
/// Names that no function can have.
pub fn name(text: &str, global: &Global) -> Result<FunctionName, Failure> {
    let name = super::function_name(text, global);
    for (what, part) in [("a function", &name.name), ("a namespace", &name.namespace)] {
        if !is_dns_label(part) {
            return Err(Failure::used(format_args!(
                "`{part}` cannot be the name of {what}: use at most 63 of a-z, 0-9 and `-`, beginning and ending \
                 with a letter or digit"
            )));
        }
    }
    Ok(name)
}

/// The namespace of `-n`, or the usual one.
///
/// # Errors
/// A name that no namespace can have.
pub fn namespace(global: &Global) -> Result<&str, Failure> {
    name("x", global)?;
    Ok(global.namespace())
}
