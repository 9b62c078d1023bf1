//! What the program writes about itself, at its most talkative, names no secret.

use super::harness::{Answer, Client, Sink, eventually, new_database, open, run_test, shut};
use base64::{Engine, engine::general_purpose::STANDARD};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use std::{
    env, fs,
    fs::File,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Mutex,
};
use threadpay::base::ambient::Ambient;

const PROXY_PASSWORD: &str = "proxy-password-1";
const URL_TOKEN: &str = "token-of-the-bot-1";

/// The program in one installation, with a log for each time it ran and all secrets that occurred.
struct Installation {
    settings: Vec<(&'static str, String)>,
    directory: PathBuf,
    listen: String,
    secrets: Mutex<Vec<(&'static str, String)>>,
}

impl Installation {
    fn new(database_url: &str) -> Self {
        let (user, _) = database_url.split_once('@').unwrap();
        let (_, password) = user.rsplit_once(':').unwrap();
        let master_key = STANDARD.encode(Ambient::system().bytes::<32>());
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = free.local_addr().unwrap().to_string();
        let directory = env::temp_dir().join(format!("threadpay-logs-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let installation = Self {
            settings: vec![
                ("DATABASE_URL", database_url.to_owned()),
                ("THREADPAY_MASTER_KEY", master_key.clone()),
                ("THREADPAY_LISTEN", listen.clone()),
                ("THREADPAY_ALLOW_PRIVATE_CALLBACKS", "true".to_owned()),
                ("RUST_LOG", "trace".to_owned()),
            ],
            directory,
            listen,
            secrets: Mutex::default(),
        };
        installation.hide("password of the database", password);
        installation.hide("master key", &master_key);
        installation
    }

    /// Remembers that this must be in no log.
    fn hide(&self, what: &'static str, secret: &str) {
        assert!(secret.len() > 12, "{what}: {secret:?}");
        self.secrets.lock().unwrap().push((what, secret.to_owned()));
    }

    fn command(&self, name: &str, line: &str, settings: &[(&'static str, String)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_threadpay"));
        let log = File::create(self.directory.join(name)).unwrap();
        let settings = self.settings.iter().chain(settings).cloned();
        command.args(line.split(' ')).envs(settings);
        command.stdin(Stdio::null()).stderr(log);
        command
    }

    /// Runs a command to its end; what it printed.
    fn run(&self, name: &str, line: &str, settings: &[(&'static str, String)]) -> String {
        let output = self.command(name, line, settings).output().unwrap();
        assert!(output.status.success(), "{line}");
        String::from_utf8(output.stdout).unwrap()
    }

    async fn serve(&self, name: &str, settings: &[(&'static str, String)]) -> (Running, Client) {
        let mut command = self.command(name, "serve", settings);
        let running = Running(command.stdout(Stdio::null()).spawn().unwrap());
        let anyone = Client::new(&format!("http://{}", self.listen));
        eventually("the service", async || {
            let health = anyone.try_send(anyone.request("GET", "/healthz")).await;
            health.ok().filter(|answer| answer.status == 200)
        })
        .await;
        (running, anyone)
    }

    /// A new key of this role: its client's secret is remembered.
    fn new_key(&self, merchant: &str, role: &str) -> String {
        let line = format!("key create --json --merchant {merchant} --role {role}");
        let facts: Value = serde_json::from_str(&self.run(role, &line, &[])).unwrap();
        let key = facts["api_key"].as_str().unwrap().to_owned();
        self.hide("secret of an API key", key.rsplit_once('_').unwrap().1);
        key
    }

    /// All logs, after a look whether they say anything at all.
    fn check(&self) {
        let mut logs = String::new();
        for entry in fs::read_dir(&self.directory).unwrap() {
            let log = fs::read_to_string(entry.unwrap().path()).unwrap();
            logs.push_str(&log);
        }
        for said in [
            r#""level":"TRACE""#,
            "this database had no keys: they were made",
            r#""message":"threadpay has started","version":"0."#,
            "threadpay::access",
            r#""error":"connect: "#,
            "/p/{token}",
            "hyper_util",
        ] {
            assert!(logs.contains(said), "the logs do not say {said}");
        }
        let secrets = self.secrets.lock().unwrap();
        let mut found = Vec::new();
        for (what, secret) in secrets.iter() {
            let lines = logs.lines().filter(|line| line.contains(secret.as_str()));
            found.extend(lines.map(|line| format!("{what}: {line}")));
        }
        found.sort();
        found.dedup();
        assert!(
            found.is_empty(),
            "{} lines:\n{}",
            found.len(),
            found.join("\n")
        );
        assert!(secrets.len() > 15);
        fs::remove_dir_all(&self.directory).unwrap();
    }
}

/// A program that is ended with this.
struct Running(Child);

impl Running {
    async fn stop(mut self) {
        let process = Pid::from_raw(self.0.id().try_into().unwrap());
        kill(process, Signal::SIGTERM).unwrap();
        let ended = tokio::task::spawn_blocking(move || self.0.wait().unwrap());
        ended.await.unwrap();
    }
}

/// The token in the address of a page.
fn token(url: &str) -> &str {
    url.rsplit_once('/').unwrap().1
}

/// Keys, and what they are changed for.
async fn come_in(home: &Installation, anyone: &Client, key: &str) {
    let (id, secret) = key.rsplit_once('_').unwrap();
    let place = key.len() - 9;
    let other = if &key[place..=place] == "x" { "y" } else { "x" };
    let mistyped = format!("{}{other}{}", &key[..place], &key[place + 1..]);
    home.hide("mistyped key", mistyped.rsplit_once('_').unwrap().1);
    let stranger = anyone.with_key(&mistyped);
    stranger
        .get("/v1/events")
        .await
        .problem(401, "unauthorized");
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", secret),
    ];
    let issued = anyone.post_form("/v1/oauth/token", &form).await.expect(200);
    let basic = STANDARD.encode(format!("{id}:{secret}"));
    home.hide("key by HTTP Basic", &basic);
    let request = anyone.request("POST", "/v1/oauth/token");
    let request = request.header("authorization", format!("Basic {basic}"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let request = request.body("grant_type=client_credentials");
    let by_basic = anyone.send(request).await.expect(200);
    for token in [issued, by_basic] {
        let token = token["access_token"].as_str().unwrap();
        let (rest, signature) = token.rsplit_once('.').unwrap();
        home.hide(
            "claims of an access token",
            rest.rsplit_once('.').unwrap().1,
        );
        home.hide("signature of an access token", signature);
        anyone.with_key(token).get("/v1/events").await.expect(200);
        let forged = anyone.with_key(&format!("{rest}.AAAA"));
        forged.get("/v1/events").await.problem(401, "unauthorized");
    }
}

/// Endpoints and their secrets.
async fn add_endpoints(home: &Installation, bot: &Client, sink: &Sink) {
    home.hide("token in an endpoint's address", URL_TOKEN);
    let closed = format!("http://127.0.0.1:9/?token={URL_TOKEN}");
    bot.create_endpoint(&closed, &["*"]).await;
    let url = format!("{}?token={URL_TOKEN}", sink.url);
    let endpoint = bot.create_endpoint(&url, &["*"]).await;
    let id = endpoint["id"].as_str().unwrap();
    let path = format!("/v1/callback_endpoints/{id}/rotate_secret");
    let rotated = bot.post(&path, &json!({"overlap": 60})).await.expect(200);
    for shown in [endpoint, rotated] {
        let secret = shown["secret"].as_str().unwrap();
        home.hide(
            "secret of an endpoint",
            secret.strip_prefix("whsec_").unwrap(),
        );
    }
}

/// A payer's pages, and what stands in their addresses and forms.
async fn pay(home: &Installation, anyone: &Client, bot: &Client) {
    let body = json!({"amount": "5.00", "currency": "EUR"});
    let intent = bot.create_intent(&body).await.expect(201);
    let link = bot.create_link(&body).await;
    for url in [&intent["pay_url"], &link["url"]] {
        let url = url.as_str().unwrap();
        home.hide("token of a pay page", token(url));
        home.hide("token of a form", &anyone.open_form(url).await);
        anyone.get(&format!("{url}/qr.svg")).await;
        let forged = [("csrf", "1.a.b"), ("payment_method", "pm_sandbox_ok")];
        anyone.post_form(&format!("{url}/pay"), &forged).await;
        let paid = anyone.pay(url, "pm_sandbox_ok").await;
        let receipt = paid.header("location").unwrap();
        home.hide("token of a receipt", token(receipt));
        let receipt: Answer = anyone.get(receipt).await;
        assert_eq!(receipt.status, 200, "{}", receipt.text());
        anyone.get(&format!("{url}/{}", token(url))).await;
    }
}

async fn arrived(sink: &Sink, count: usize) {
    eventually("callbacks", async || {
        (sink.received().len() >= count).then_some(())
    })
    .await;
}

#[test]
fn no_log_names_a_secret() {
    run_test(async |_| {
        let database_url = new_database().await;
        let home = Installation::new(&database_url);
        home.run("migrate", "migrate", &[]);
        let merchant = home.run("merchant", "merchant create --json --name Cafe", &[]);
        let merchant: Value = serde_json::from_str(&merchant).unwrap();
        let merchant = merchant["id"].as_str().unwrap();
        let [key, other] = ["bot", "merchant"].map(|role| home.new_key(merchant, role));
        let (bots, proxy) = (Sink::start(&[500, 200]), Sink::start(&[]));
        let (running, anyone) = home.serve("serve", &[]).await;
        let bot = anyone.with_key(&key);
        come_in(&home, &anyone, &key).await;
        add_endpoints(&home, &bot, &bots).await;
        pay(&home, &anyone, &bot).await;
        arrived(&bots, 4).await;
        shut(&database_url).await;
        for caller in [&bot, &anyone.with_key(&other)] {
            caller.get("/v1/payment_intents").await;
            caller
                .create_intent(&json!({"amount": "1.00", "currency": "EUR"}))
                .await;
        }
        open(&database_url).await;
        running.stop().await;
        let new_key = STANDARD.encode(Ambient::system().bytes::<32>());
        home.hide("new master key", &new_key);
        let setting = ("THREADPAY_NEW_MASTER_KEY", new_key.clone());
        home.run("rekey", "rekey", &[setting]);
        let login = format!("user:{PROXY_PASSWORD}");
        home.hide("password of the proxy", PROXY_PASSWORD);
        home.hide("login of the proxy", &STANDARD.encode(&login));
        let address = proxy.url.trim_start_matches("http://").split('/').next();
        let settings = [
            ("THREADPAY_MASTER_KEY", new_key),
            (
                "THREADPAY_CALLBACK_PROXY",
                format!("http://{login}@{}", address.unwrap()),
            ),
        ];
        let (running, anyone) = home.serve("proxied", &settings).await;
        anyone.with_key(&key).paid("1.00", "EUR").await;
        arrived(&proxy, 2).await;
        running.stop().await;
        home.run("verify", "verify", &[]);
        home.check();
    });
}
