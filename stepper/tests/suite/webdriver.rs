//! A real browser, driven over the WebDriver protocol (W3C Recommendation, 2018) by what little of it the tests need.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A browser with one page.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// A headless browser of this size; `None`, with a message, where there is none.
    pub fn open(width: u32, height: u32, dark: bool) -> Option<Browser> {
        let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let started = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(driver) = started else {
            eprintln!("skipped: there is no `chromedriver` (Debian: apt-get install chromium chromium-driver)");
            return None;
        };
        let mut browser = Browser { driver, port, session: String::new() };
        let begin = Instant::now();
        while browser.request("GET", "/status", &Value::Null).is_none() {
            assert!(begin.elapsed() < Duration::from_secs(120), "chromedriver does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        let arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
        let options = json!({ "args": arguments });
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "goog:chromeOptions": options,
        } } });
        let session = browser.request("POST", "/session", &capabilities);
        let Some(session) = session.as_ref().and_then(|answer| answer["sessionId"].as_str()) else {
            eprintln!("skipped: the browser does not start: {session:?}");
            return None;
        };
        browser.session = session.to_owned();
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        browser.devtools("Emulation.setDeviceMetricsOverride", size);
        let scheme = if dark { "dark" } else { "light" };
        browser.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] }),
        );
        Some(browser)
    }

    /// Opens a file, at a place in it.
    pub fn visit(&self, path: &Path, hash: &str) {
        let url = format!("file://{}{hash}", path.display());
        self.command("/url", json!({ "url": url }));
    }

    /// What a script returns.
    pub fn script(&self, script: &str) -> Value {
        self.command("/execute/sync", json!({ "script": script, "args": [] }))
    }

    /// What a script gives to `done`, sooner or later.
    pub fn script_later(&self, script: &str) -> Value {
        let script = format!("const done = arguments[0]; {script}");
        self.command("/execute/async", json!({ "script": script, "args": [] }))
    }

    /// The text of an element.
    pub fn text(&self, id: &str) -> String {
        self.script(&format!("return document.getElementById('{id}').textContent"))
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Presses keys, one after the other.
    pub fn keys(&self, keys: &str) {
        let presses: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() })))
            .collect();
        self.command("/actions", json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": presses }] }));
    }

    /// What the browser wrote to its log: messages of the page, and errors.
    pub fn log(&self, kind: &str) -> Vec<String> {
        let entries = self.command("/se/log", json!({ "type": kind }));
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries.iter().filter_map(|entry| entry["message"].as_str().map(str::to_owned)).collect()
    }

    pub fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.command("/goog/cdp/execute", json!({ "cmd": command, "params": parameters }))
    }

    fn command(&self, path: &str, body: Value) -> Value {
        let answer = self.request("POST", &format!("/session/{}{path}", self.session), &body);
        let answer = answer.unwrap_or_else(|| panic!("no answer to {path}"));
        assert!(answer.get("error").is_none(), "{path}: {answer}");
        answer
    }

    fn request(&self, method: &str, path: &str, body: &Value) -> Option<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(120))).ok()?;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).ok()?;
        // The driver keeps the connection open, so the length of the answer says where it ends.
        let mut reader = BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        while reader.read_line(&mut line).ok()? > 2 {
            let header = line.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            line.clear();
        }
        let mut content = vec![0; length];
        reader.read_exact(&mut content).ok()?;
        serde_json::from_slice::<Value>(&content).ok().map(|answer| answer["value"].clone())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = self.request("DELETE", &format!("/session/{}", self.session), &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A page in a file of its own.
pub fn file(name: &str, page: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("stepper-{}-{name}.html", std::process::id()));
    std::fs::write(&path, page).unwrap();
    path
}
