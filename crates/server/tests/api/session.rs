//! Logging in from a browser: what it opens, what it does not, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, RETRY_AFTER, SET_COOKIE};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use watchpost_kit::{Clock, ManualClock, SystemClock};

use crate::world::{self, T0, World, plain, run_at, settings};

const CHOSEN: &str = "correct horse battery";
const DAY: Duration = Duration::from_hours(24);

/// A browser on our own pages.
struct Browser<'a> {
    world: &'a World,
    cookie: String,
}

impl<'a> Browser<'a> {
    fn new(world: &'a World) -> Self {
        Self {
            world,
            cookie: String::new(),
        }
    }

    /// Who has chosen a password.
    async fn settled(world: &'a World, name: &str) -> Self {
        let drawn = make_user(world, name).await;
        let mut browser = Self::new(world);
        assert_eq!(browser.log_in(name, &drawn).await.0, 200);
        assert_eq!(browser.choose(&drawn, CHOSEN).await.0, 200);
        browser
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let own = format!("http://{}", self.world.address());
        self.bare(method, path).header(ORIGIN, own)
    }

    /// Without a word about where it comes from.
    fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.world.http.request(method, self.world.url(path));
        if self.cookie.is_empty() {
            return request;
        }
        request.header(COOKIE, format!("theme=dark; __Host-watchpost={}", self.cookie))
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let (status, value) = world::json(self.request(Method::GET, path)).await;
        (status.as_u16(), value)
    }

    async fn log_in(&mut self, name: &str, password: &str) -> (u16, Value) {
        let body = json!({"username": name, "password": password});
        let response = self.request(Method::POST, "/api/v1/session").json(&body);
        let response = response.send().await.unwrap();
        if let Some(cookie) = response.headers().get(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (token, rest) = cookie
                .strip_prefix("__Host-watchpost=")
                .unwrap()
                .split_once(';')
                .unwrap();
            assert_eq!(rest, " Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=1209600");
            assert!(token.len() == 64 && token != self.cookie);
            token.clone_into(&mut self.cookie);
        }
        read(response).await
    }

    async fn choose(&self, current: &str, password: &str) -> (u16, Value) {
        let body = json!({"current": current, "password": password});
        let request = self.request(Method::POST, "/api/v1/session/password").json(&body);
        read(request.send().await.unwrap()).await
    }
}

async fn read(mut response: reqwest::Response) -> (u16, Value) {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        body.extend_from_slice(&chunk);
    }
    (
        response.status().as_u16(),
        serde_json::from_slice(&body).unwrap_or_default(),
    )
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["error"]["code"].as_str().unwrap_or_default())
}

async fn change(world: &World, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let request = world.http.request(method, world.url(path)).bearer_auth(&world.user_key);
    let (status, value) = world::json(request.json(body)).await;
    (status.as_u16(), value)
}

/// Makes a user; the one-time password.
async fn make_user(world: &World, name: &str) -> String {
    let (status, made) = change(world, Method::POST, "/api/v1/users", &json!({"name": name})).await;
    assert_eq!((status, &made["must_change_password"]), (201, &json!(true)), "{made}");
    made["password"].as_str().unwrap().to_owned()
}

async fn at(clock: &Arc<ManualClock>, dir: &TempDir) -> World {
    run_at(settings(dir.path(), "http://127.0.0.1:0"), clock.clone()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_logs_in_chooses_a_password_searches_and_logs_out() {
    let dir = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::new(T0));
    let world = at(&clock, &dir).await;
    let drawn = make_user(&world, "anna").await;
    let mut browser = Browser::new(&world);
    assert_eq!(browser.get("/api/v1/session").await.0, 204);
    let (status, info) = browser.log_in("Anna", &drawn).await;
    let expected = json!({
        "user": "anna", "role": "admin", "must_change_password": true, "expires": "2026-09-22T14:13:20.000Z",
        "version": env!("CARGO_PKG_VERSION"),
    });
    assert_eq!((status, &info), (200, &expected));
    assert_eq!(browser.get("/api/v1/session").await, (200, expected));

    for path in [
        "/api/v1/search?q=x",
        "/api/v1/agents",
        "/api/v1/users",
        "/api/v1/tail",
        "/api/v1/agent/streams?agent=a",
    ] {
        assert_eq!(code(&browser.get(path).await), (403, "must_change_password"), "{path}");
    }
    assert_eq!(
        code(&browser.choose("wrong password", CHOSEN).await),
        (400, "wrong_password")
    );
    for weak in ["short", &drawn, &"x".repeat(2000)] {
        assert_eq!(
            code(&browser.choose(&drawn, weak).await),
            (400, "weak_password"),
            "{weak}"
        );
    }
    let (status, info) = browser.choose(&drawn, CHOSEN).await;
    assert_eq!((status, &info["must_change_password"]), (200, &json!(false)));
    for path in ["/api/v1/search?q=x", "/api/v1/agents", "/api/v1/users"] {
        assert_eq!(browser.get(path).await.0, 200, "{path}");
    }
    assert_eq!(
        browser.get("/api/v1/agent/streams?agent=a").await.0,
        403,
        "a person is no agent"
    );

    let response = browser.request(Method::DELETE, "/api/v1/session").send().await.unwrap();
    assert_eq!(
        (response.status(), response.headers()[SET_COOKIE].to_str().unwrap()),
        (
            StatusCode::NO_CONTENT,
            "__Host-watchpost=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"
        )
    );
    assert_eq!(browser.get("/api/v1/session").await.0, 204);
    assert_eq!(code(&browser.get("/api/v1/agents").await), (401, "unauthorized"));
    let again = browser.request(Method::DELETE, "/api/v1/session").send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NO_CONTENT);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_name_and_a_wrong_password_are_answered_alike_and_as_slowly() {
    let dir = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::new(T0));
    let world = at(&clock, &dir).await;
    Browser::settled(&world, "anna").await;
    let watch = SystemClock::new();
    let mut answers = Vec::new();
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..4 {
        for (n, name) in ["anna", "nobody"].into_iter().enumerate() {
            clock.advance(Duration::from_mins(1));
            let before = watch.monotonic();
            answers.push(Browser::new(&world).log_in(name, "a wrong password").await);
            fastest[n] = fastest[n].min(watch.monotonic().saturating_sub(before));
        }
    }
    assert_eq!(code(&answers[0]), (401, "bad_login"));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let [known, unknown] = fastest;
    assert!(unknown > known / 2 && known > unknown / 2, "{fastest:?}");
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_password_works_once_and_a_reset_gives_another() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let drawn = make_user(&world, "anna").await;
    let mut browser = Browser::new(&world);
    assert_eq!(browser.log_in("anna", &drawn).await.0, 200);
    assert_eq!(
        code(&Browser::new(&world).log_in("anna", &drawn).await),
        (401, "bad_login")
    );
    let (status, reset) = change(&world, Method::POST, "/api/v1/users/ANNA/reset", &json!({})).await;
    assert_eq!((status, &reset["name"]), (200, &json!("anna")));
    assert_eq!(browser.get("/api/v1/session").await.0, 204);
    assert_eq!(browser.log_in("anna", reset["password"].as_str().unwrap()).await.0, 200);
    world.server.stop().await;
}

const SITE: &str = "sec-fetch-site";
const EVIL: &str = "https://evil.example";
const PROXIED: &str = "https://watch.example.org";

/// A request with a session's cookie, and what it is answered.
type Case = (&'static str, RequestBuilder, u16);

fn reads(browser: &Browser<'_>, own: &str) -> Vec<Case> {
    let list = || browser.bare(Method::GET, "/api/v1/alerts");
    vec![
        ("a page of ours", list().header(SITE, "same-origin"), 200),
        ("typed into the browser", list().header(SITE, "none"), 200),
        ("another page", list().header(SITE, "cross-site"), 403),
        ("another host of ours", list().header(SITE, "same-site"), 403),
        (
            "said twice",
            list().header(SITE, "same-origin").header(SITE, "none"),
            403,
        ),
        ("an old browser", list(), 200),
        ("an old browser, our page", list().header(ORIGIN, own), 200),
        ("an old browser, another page", list().header(ORIGIN, EVIL), 403),
        ("our live view", upgrade(browser).header(ORIGIN, own), 101),
        ("another page's live view", upgrade(browser).header(ORIGIN, EVIL), 403),
        ("nobody's live view", upgrade(browser), 403),
    ]
}

fn changes(browser: &Browser<'_>, own: &str) -> Vec<Case> {
    let body = json!({"ids": [1]});
    let ack = || browser.bare(Method::POST, "/api/v1/alerts/acknowledge").json(&body);
    let log_out = browser.bare(Method::DELETE, "/api/v1/session");
    let proxied = ack().header(HOST, "watch.example.org").header(ORIGIN, PROXIED);
    vec![
        ("our page", ack().header(SITE, "same-origin"), 200),
        ("our page, old browser", ack().header(ORIGIN, own), 200),
        (
            "another page",
            ack().header(SITE, "cross-site").header(ORIGIN, own),
            403,
        ),
        ("another page, old browser", ack().header(ORIGIN, EVIL), 403),
        ("a sandboxed page", ack().header(ORIGIN, "null"), 403),
        ("another port", ack().header(ORIGIN, "http://127.0.0.1:1"), 403),
        ("nobody says", ack(), 403),
        ("behind a proxy that keeps Host", proxied, 200),
        ("behind a proxy that does not", ack().header(ORIGIN, PROXIED), 403),
        ("log out", log_out.header(SITE, "cross-site"), 403),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_sites_page_could_send_is_refused() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let browser = Browser::settled(&world, "anna").await;
    let own = format!("http://{}", world.address());
    for (case, request, expected) in reads(&browser, &own).into_iter().chain(changes(&browser, &own)) {
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), expected, "{case}");
        if expected == 403 {
            assert_eq!(code(&read(response).await), (403, "cross_site"), "{case}");
        }
    }
    world.server.stop().await;
}

/// Nobody is to be logged in as somebody else.
#[tokio::test(flavor = "multi_thread")]
async fn another_sites_page_logs_nobody_in() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    Browser::settled(&world, "anna").await;
    let stranger = Browser::new(&world);
    let body = json!({"username": "anna", "password": CHOSEN});
    let log_in = || stranger.bare(Method::POST, "/api/v1/session").json(&body);
    for (request, expected) in [
        (log_in(), 403),
        (log_in().header(SITE, "cross-site"), 403),
        (log_in().header(ORIGIN, EVIL), 403),
        (log_in().header(SITE, "same-origin"), 200),
    ] {
        assert_eq!(request.send().await.unwrap().status().as_u16(), expected);
    }
    world.server.stop().await;
}

fn upgrade(browser: &Browser<'_>) -> RequestBuilder {
    let request = browser
        .bare(Method::GET, "/api/v1/tail")
        .header("connection", "upgrade");
    let request = request
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13");
    request.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_counts_more_than_a_cookie() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let browser = Browser::settled(&world, "anna").await;
    for (key, expected) in [
        (&world.user_key, 200),
        (&world.agent_key, 403),
        (&"wrong".to_owned(), 401),
    ] {
        let request = browser.request(Method::GET, "/api/v1/agents");
        let request = request.header(AUTHORIZATION, format!("Bearer {key}"));
        assert_eq!(world::json(request).await.0.as_u16(), expected);
    }
    let request = browser
        .request(Method::GET, "/api/v1/session")
        .bearer_auth(&world.user_key);
    assert_eq!(world::json(request).await.0, 204, "a key is no session");
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_other_sessions_and_a_new_log_in_the_one_before() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let here = Browser::settled(&world, "anna").await;
    let mut elsewhere = Browser::new(&world);
    assert_eq!(elsewhere.log_in("anna", CHOSEN).await.0, 200);
    let first = elsewhere.cookie.clone();
    assert_eq!(elsewhere.log_in("anna", CHOSEN).await.0, 200);
    let before = Browser {
        world: &world,
        cookie: first,
    };
    assert_eq!(before.get("/api/v1/session").await.0, 204);
    assert_eq!(elsewhere.get("/api/v1/agents").await.0, 200);
    assert_eq!(here.choose(CHOSEN, "staple staple staple").await.0, 200);
    assert_eq!(elsewhere.get("/api/v1/agents").await.0, 401);
    assert_eq!(here.get("/api/v1/agents").await.0, 200);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_when_they_are_not_used_and_in_any_case() {
    let dir = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::new(T0));
    let world = at(&clock, &dir).await;
    let mut browser = Browser::settled(&world, "anna").await;
    for _ in 0..14 {
        clock.advance(DAY.checked_sub(Duration::from_secs(1)).unwrap());
        assert_eq!(browser.get("/api/v1/session").await.0, 200);
    }
    clock.advance(Duration::from_secs(13));
    let (status, info) = browser.get("/api/v1/session").await;
    assert_eq!((status, &info["expires"]), (200, &json!("2026-10-05T14:13:20.000Z")));
    clock.advance(Duration::from_secs(1));
    assert_eq!(browser.get("/api/v1/session").await.0, 204);

    assert_eq!(browser.log_in("anna", CHOSEN).await.0, 200);
    clock.advance(DAY);
    assert_eq!(browser.get("/api/v1/session").await.0, 204);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_tries_too_often_is_told_when_to_come_back() {
    let dir = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::new(T0));
    let world = at(&clock, &dir).await;
    Browser::settled(&world, "anna").await;
    clock.advance(Duration::from_mins(10));
    let try_it = async |password: &str| {
        let body = json!({"username": "anna", "password": password});
        let request = Browser::new(&world)
            .request(Method::POST, "/api/v1/session")
            .json(&body);
        let response = request.send().await.unwrap();
        let wait = response
            .headers()
            .get(RETRY_AFTER)
            .map(|wait| wait.to_str().unwrap().parse::<u64>().unwrap());
        (read(response).await, wait)
    };
    for _ in 0..5 {
        assert_eq!(code(&try_it("a wrong password").await.0), (401, "bad_login"));
    }
    let (answer, wait) = try_it(CHOSEN).await;
    assert_eq!(
        code(&answer),
        (429, "too_many_attempts"),
        "the right password is not even looked at"
    );
    clock.advance(Duration::from_secs(wait.unwrap()));
    assert_eq!(try_it(CHOSEN).await.0.0, 200);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_made_listed_and_removed_and_the_last_admin_stays() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let browser = Browser::settled(&world, "anna").await;
    let drawn = make_user(&world, "boris").await;
    for (body, expected) in [
        (json!({"name": "ANNA"}), (409, "exists")),
        (json!({"name": "a b"}), (400, "bad_request")),
        (json!({"name": "x", "role": "emperor"}), (400, "bad_request")),
        (json!({"name": "x", "password": "mine"}), (400, "bad_request")),
        (json!({}), (400, "bad_request")),
    ] {
        let answer = change(&world, Method::POST, "/api/v1/users", &body).await;
        assert_eq!(code(&answer), expected, "{body}");
    }
    let (_, listed) = browser.get("/api/v1/users").await;
    let names: Vec<&Value> = listed["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| &user["name"])
        .collect();
    assert_eq!(names, ["anna", "boris"]);
    assert!(
        !listed.to_string().contains(&drawn) && !listed.to_string().contains("argon2"),
        "{listed}"
    );

    let remove = async |name: &str| change(&world, Method::DELETE, &format!("/api/v1/users/{name}"), &json!({})).await;
    assert_eq!(remove("boris").await.0, 200);
    assert_eq!(code(&remove("boris").await), (404, "not_found"));
    assert_eq!(code(&remove("anna").await), (409, "last_admin"));
    assert_eq!(
        code(&change(&world, Method::POST, "/api/v1/users/boris/reset", &json!({})).await),
        (404, "not_found")
    );
    assert_eq!(browser.get("/api/v1/agents").await.0, 200);
    let agent = world.http.get(world.url("/api/v1/users")).bearer_auth(&world.agent_key);
    assert_eq!(world::json(agent).await.0, 403);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_to_log_in_that_make_no_sense_are_refused() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let browser = Browser::new(&world);
    for body in [
        "",
        "{}",
        "[]",
        "{\"username\":\"anna\"}",
        "{\"username\":1,\"password\":\"x\"}",
        &" ".repeat(100_000),
    ] {
        let request = browser.request(Method::POST, "/api/v1/session").body(body.to_owned());
        let answer = read(request.send().await.unwrap()).await;
        assert_eq!(code(&answer), (400, "bad_request"), "{} bytes", body.len());
    }
    for cookie in ["", "x", &"0".repeat(64), &"é".repeat(32)] {
        let forged = Browser {
            world: &world,
            cookie: cookie.to_owned(),
        };
        assert_eq!(
            code(&forged.get("/api/v1/agents").await),
            (401, "unauthorized"),
            "{cookie}"
        );
    }
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_ends_what_is_watched_live() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let browser = Browser::settled(&world, "anna").await;
    let mut live = browser.request(Method::GET, "/api/v1/tail").send().await.unwrap();
    assert_eq!(live.status(), 200);
    let out = browser.request(Method::DELETE, "/api/v1/session").send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    let end = tokio::time::timeout(Duration::from_secs(30), live.chunk()).await;
    assert_eq!(end.unwrap().unwrap(), None);
    world.server.stop().await;
}
