//! A person's browser: a real Chromium with nothing on the screen.

use crate::cluster::PATIENCE;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What is said where there is no browser. A portal that was not looked at is not tested.
const MISSING: &str = "Chromium and its driver are needed: apt-get install -y chromium chromium-driver";

pub struct Browser {
    client: Client,
    _leftovers: Leftovers,
}

/// What must not outlive the test.
struct Leftovers {
    driver: Child,
    profile: TempDir,
}

/// Something that only chromedriver knows.
#[derive(Debug)]
struct Chrome(&'static str, Value);

impl WebDriverCompatibleCommand for Chrome {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.1.to_string()))
    }
}

impl Browser {
    /// Opens one with a window of a laptop's size.
    pub async fn open() -> Browser {
        // On a machine that is very busy the driver gives a browser up that is about to come.
        for _ in 0..2 {
            match Browser::try_open().await {
                Ok(browser) => return browser,
                Err(why) => eprintln!("once more: {why}"),
            }
        }
        Browser::try_open().await.unwrap_or_else(|why| panic!("{why}. {MISSING}"))
    }

    async fn try_open() -> Result<Browser, String> {
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .env("HOME", profile.path())
            .env("TMPDIR", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect(MISSING);
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next().expect("chromedriver says its port").unwrap();
            if let Some((_, rest)) = line.split_once("successfully on port ") {
                break rest.trim_end_matches('.').to_owned();
            }
        };
        // What it says later must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        let mut leftovers = Leftovers { driver, profile };
        let user_data = format!("--user-data-dir={}", leftovers.profile.path().join("profile").display());
        let capabilities = json!({
            "goog:chromeOptions": {"args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900",
                "--disable-background-networking", "--disable-component-update", "--no-first-run", user_data,
            ]},
            "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
        });
        let capabilities = capabilities.as_object().unwrap().clone();
        let connected = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await;
        match connected {
            Ok(client) => Ok(Browser { client, _leftovers: leftovers }),
            Err(error) => {
                leftovers.remove();
                Err(error.to_string())
            }
        }
    }

    /// Goes to an address.
    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Goes to a part of the page.
    pub async fn turn_to(&self, hash: &str) {
        self.run(&format!("location.hash = '{hash}'")).await;
    }

    /// The value of a script's `return`.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap_or_else(|e| panic!("{script}: {e}"))
    }

    /// Waits until a script returns something that is neither null nor false, and gives it.
    pub async fn until(&self, script: &str) -> Value {
        let begun = Instant::now();
        loop {
            let found = self.run(script).await;
            if found != Value::Null && found != Value::Bool(false) {
                return found;
            }
            if begun.elapsed() > PATIENCE {
                let text = self.run("return document.body.innerText").await;
                panic!("waited in vain for {script}:\n{}", text.as_str().unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until an element's text has these words.
    pub async fn until_says(&self, element: &str, words: &str) {
        let words = json!(words);
        self.until(&format!("return document.querySelector('{element}')?.innerText.includes({words})")).await;
    }

    /// Clicks on it, once it is there.
    pub async fn click(&self, element: &str) {
        self.until(&format!("return !!document.querySelector('{element}')")).await;
        let found = self.client.find(Locator::Css(element)).await.unwrap();
        found.click().await.unwrap_or_else(|e| panic!("{element}: {e}"));
    }

    /// Types into a field, in place of what is there.
    pub async fn fill(&self, element: &str, text: &str) {
        self.until(&format!("return !!document.querySelector('{element}')")).await;
        // Not cleared first: a field that follows the cluster would be filled again in between.
        self.run(&format!(
            "const field = document.querySelector('{element}'); field.focus(); field.select(); return null"
        ))
        .await;
        self.press(text).await;
    }

    /// Presses keys where the focus is.
    pub async fn press(&self, keys: &str) {
        self.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// Presses Tab until the focus is on it.
    pub async fn tab_to(&self, element: &str) {
        for _ in 0..80 {
            if self.run(&format!("return document.activeElement.matches('{element}')")).await == true {
                return;
            }
            self.press("\u{e004}").await;
        }
        panic!("Tab does not lead to {element}");
    }

    /// The newest tab.
    pub async fn newest_tab(&self) {
        let mut tabs = self.client.windows().await.unwrap();
        self.client.switch_to_window(tabs.pop().unwrap()).await.unwrap();
    }

    /// The screen of a phone, or of any other width.
    pub async fn resize(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        let command = json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": size});
        self.client.issue_cmd(Chrome("goog/cdp/execute", command)).await.unwrap();
    }

    /// Every address that was asked since the last time, by whatever part of the page.
    pub async fn asked(&self) -> Vec<String> {
        let entries = self.client.issue_cmd(Chrome("se/log", json!({"type": "performance"}))).await.unwrap();
        let mut asked = Vec::new();
        for entry in entries.as_array().unwrap() {
            let message: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            let message = &message["message"];
            if message["method"] == "Network.requestWillBeSent" {
                asked.push(message["params"]["request"]["url"].as_str().unwrap().to_owned());
            }
        }
        asked
    }

    /// What the page complained of: broken scripts, and what its policy forbids.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.client.issue_cmd(Chrome("se/log", json!({"type": "browser"}))).await.unwrap();
        let entries = entries.as_array().unwrap().iter().filter(|e| e["source"] != "network");
        entries.map(|e| e["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Ends it well.
    pub async fn close(&self) {
        self.client.clone().close().await.unwrap();
    }
}

impl Leftovers {
    fn remove(&mut self) {
        let _ = (self.driver.kill(), self.driver.wait());
        // After a test that failed the browser is still there: it is known by its profile.
        let profile = self.profile.path().to_str().unwrap();
        for process in procfs::process::all_processes().unwrap().flatten() {
            if process.cmdline().is_ok_and(|args| args.iter().any(|a| a.contains(profile)))
                && let Some(pid) = rustix::process::Pid::from_raw(process.pid)
            {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        self.remove();
    }
}
