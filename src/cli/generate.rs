//! `faasim generate`: the functions of a stack file as Kubernetes' objects, as faas-cli prints them.

use super::Global;
use super::failure::{Failure, Outcome};
use super::given::Chosen;
use crate::cluster::function::FunctionSpec;
use serde_json::{Value, json};

/// The only kind of object that can be written.
const API: &str = "openfaas.com/v1";

/// Print the functions of a stack file as Function objects of Kubernetes
#[derive(clap::Args)]
#[command(after_help = "Example:\n  faasim generate -f stack.yml --api openfaas.com/v1 > functions.yaml")]
pub struct Args {
    /// The functions to print [default: all]
    names: Vec<String>,
    #[command(flatten)]
    chosen: Chosen,
    /// Of which API the objects are
    #[arg(long, value_name = "API", default_value = API)]
    api: String,
}

/// Prints them.
///
/// # Errors
/// Mistakes in the stack file, another API.
pub fn run(args: Args, global: &Global) -> Outcome {
    if args.api != API {
        return Err(Failure::used(format_args!("`{}` cannot be written: the API is {API}", args.api)));
    }
    let (_, functions) = args.chosen.read(&args.names, global)?;
    for function in functions {
        let text = serde_norway::to_string(&object(&function.spec)).map_err(Failure::failed)?;
        print!("---\n{text}");
    }
    Ok(())
}

/// OpenFaaS' `Function`: its fields are those of a deployment, some under other names.
fn object(spec: &FunctionSpec) -> Value {
    let mut fields = json!({"name": spec.name, "image": spec.image});
    let mut put = |key: &str, value: Value| {
        let empty = value.is_null()
            || value.as_object().is_some_and(serde_json::Map::is_empty)
            || value.as_array().is_some_and(Vec::is_empty);
        if !empty {
            fields[key] = value;
        }
    };
    put("handler", json!(spec.env_process));
    put("labels", json!(spec.labels));
    put("annotations", json!(spec.annotations));
    put("environment", json!(spec.env_vars));
    put("constraints", json!(spec.constraints));
    put("secrets", json!(spec.secrets));
    put("limits", json!(spec.limits));
    put("requests", json!(spec.requests));
    if spec.read_only_root_filesystem {
        put("readOnlyRootFilesystem", json!(true));
    }
    json!({
        "apiVersion": API,
        "kind": "Function",
        "metadata": {"name": spec.name, "namespace": spec.namespace},
        "spec": fields,
    })
}
