//! A payer's browser: it keeps cookies, sends them where their path says, and follows redirects.

use super::{Answer, Client};
use std::sync::Mutex;

/// A browser of its own, with nothing kept yet.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    cookies: Mutex<Vec<Cookie>>,
}

#[derive(Clone, Debug)]
struct Cookie {
    pair: String,
    path: String,
}

/// The path of an address.
fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    path.split('?').next().unwrap()
}

impl Cookie {
    fn read(header: &str) -> Self {
        let mut parts = header.split("; ");
        let pair = parts.next().unwrap().to_owned();
        let attributes: Vec<&str> = parts.collect();
        assert!(attributes.contains(&"HttpOnly"), "{header}");
        assert!(attributes.contains(&"SameSite=Lax"), "{header}");
        let path = attributes
            .iter()
            .find_map(|part| part.strip_prefix("Path="));
        let path = path.unwrap().to_owned();
        Self { pair, path }
    }

    fn is_for(&self, url: &str) -> bool {
        let below = path(url).strip_prefix(&self.path);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl Browser {
    pub fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            cookies: Mutex::default(),
        }
    }

    async fn send(&self, url: &str, request: reqwest::RequestBuilder) -> Answer {
        let cookies = self.cookies.lock().unwrap().clone();
        let cookies = cookies.iter().filter(|cookie| cookie.is_for(url));
        let pairs: Vec<&str> = cookies.map(|cookie| cookie.pair.as_str()).collect();
        let request = request.header("accept", "text/html,*/*;q=0.8");
        let request = if pairs.is_empty() {
            request
        } else {
            request.header("cookie", pairs.join("; "))
        };
        let answer = self.client.send(request).await;
        let mut kept = self.cookies.lock().unwrap();
        for header in answer.headers.get_all("set-cookie") {
            let cookie = Cookie::read(header.to_str().unwrap());
            kept.retain(|known| known.path != cookie.path);
            kept.push(cookie);
        }
        answer
    }

    /// Opens an address, and where that leads.
    pub async fn open(&self, url: &str) -> Answer {
        let mut url = url.to_owned();
        loop {
            let answer = self.send(&url, self.client.request("GET", &url)).await;
            match answer.header("location") {
                Some(location) if answer.status == 303 => location.clone_into(&mut url),
                _ => return answer,
            }
        }
    }

    /// Sends a form, and does not follow.
    pub async fn post(&self, url: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let form = form.extend_pairs(fields).finish();
        let kind = "application/x-www-form-urlencoded";
        let request = self
            .client
            .request("POST", url)
            .header("content-type", kind);
        self.send(url, request.body(form)).await
    }

    /// Opens a page and sends its form to the path below it, with these fields.
    pub async fn submit(&self, url: &str, below: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.open(url).await;
        let csrf = page.form_token();
        let csrf = csrf.unwrap_or_else(|| panic!("no form: {}", page.text()));
        let fields = [&[("csrf", csrf.as_str())], fields].concat();
        self.post(&format!("{url}/{below}"), &fields).await
    }

    /// Opens a page, pays on it, and gives the page that this leads to.
    pub async fn pay(&self, url: &str, method: &str) -> Answer {
        let landed = self.submit(url, "pay", &[("payment_method", method)]).await;
        assert_eq!(landed.status, 303, "{}", landed.text());
        self.open(landed.header("location").unwrap()).await
    }

    /// Confirms or refuses on the payment's page: `succeed` or `fail`.
    pub async fn act(&self, url: &str, outcome: &str) -> Answer {
        self.submit(url, "action", &[("outcome", outcome)]).await
    }
}
