//! The portal, used by a person: a real browser, a real cluster.

mod browser;

use crate::cluster::{Cluster, until};
use browser::Browser;

const ECHO: &str = "  echo: { image: faasim/base, fprocess: faasim function echo, requests: { cpu: 10m } }\n";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const END: &str = "\u{e010}";
const CONTROL: &str = "\u{e009}";

/// Everything that a page may ask for is the gateway's.
fn only_the_gateway(asked: &[String], gateway: &str) {
    // The browser's own first page, before it goes to the portal, is made of its own files; `data:` asks nobody.
    let asked: Vec<&String> =
        asked.iter().filter(|url| !url.starts_with("chrome://") && !url.starts_with("data:")).collect();
    let own = |url: &str| {
        url.strip_prefix(gateway).is_some_and(|rest| rest.starts_with('/'))
            || url.starts_with("blob:")
            || url.starts_with("data:")
    };
    let foreign: Vec<_> = asked.iter().filter(|url| !own(url)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert!(asked.len() > 20, "the browser's log has what was asked: {asked:?}");
}

async fn log_in(browser: &Browser, cluster: &Cluster) {
    browser.goto(&cluster.gateway).await;
    browser.fill("#password", cluster.says(&["password"]).trim()).await;
    browser.click("#login").await;
    browser.until_says("#link", "live").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_invokes_scales_deploys_removes_and_asks_nobody_else() {
    let cluster = Cluster::up(ECHO, &["--set", "hpa.sync-period=1s", "--set", "metrics.interval=1s"]);
    cluster.until_ready("echo", 1);
    let browser = Browser::open().await;
    browser.goto(&cluster.gateway).await;
    browser.fill("#password", "not-it").await;
    browser.click("#login").await;
    browser.until_says(".login", "not the cluster's password").await;
    log_in(&browser, &cluster).await;

    // Invoke.
    browser.click(".functions a").await;
    browser.until_says(".facts", "faasim function echo").await;
    browser.until_says(".facts", &format!("{}/function/echo", cluster.gateway)).await;
    browser.fill("#request", "{\"one\":1}").await;
    browser.click("input[value=JSON]").await;
    browser.click("#invoke").await;
    browser.until_says("#status", "200 OK").await;
    browser.until_says("#reply", "\"one\": 1").await;
    let took = browser.run("return document.querySelector('#took').textContent").await;
    assert!(took.as_str().unwrap().parse::<f64>().unwrap() < 60.0, "{took}");
    browser.until("return [...document.querySelectorAll('dt')].find((t) => t.innerText === 'Invocation count').nextSibling.innerText === '1'").await;
    browser.click("#invoke-async").await;
    browser.until_says("#status", "202").await;

    // Scale, and watch.
    browser.turn_to("#/f/openfaas-fn/echo/scale").await;
    browser.fill("#replicas", "3").await;
    browser.click("#scale").await;
    browser.until_says("#badge", "3/3").await;
    browser.turn_to("#/f/openfaas-fn/echo/pods").await;
    browser.until("return document.querySelectorAll('.stack tbody')[0].children.length === 3").await;
    browser.until_says(".tab", "Started").await;
    browser.turn_to("#/f/openfaas-fn/echo/live").await;
    browser
        .until("return document.querySelector('.plot').getAttribute('aria-label').includes('ready 3')")
        .await;
    browser.until_says(".charts", "%").await;
    browser.turn_to("#/f/openfaas-fn/echo/logs").await;
    browser.until_says("#log", "fprocess").await;

    // An autoscaler, and why it does what it does.
    browser.turn_to("#/f/openfaas-fn/echo/scale").await;
    browser.fill("#hpa-target", "30").await;
    browser.fill("#hpa-min", "2").await;
    browser.fill("#hpa-max", "4").await;
    browser.click("#hpa-save").await;
    browser.until_says(".tab", "with 2 to 4 pods").await;
    let hpa = cluster.says(&["get", "hpa", "echo", "--no-headers"]);
    assert!(hpa.contains("%/30%") || hpa.contains("unknown>/30%"), "{hpa}");
    browser.turn_to("#/f/openfaas-fn/echo/why").await;
    browser.until_says(".decisions", "now 3 replicas").await;
    browser.turn_to("#/f/openfaas-fn/echo/scale").await;
    browser.click("#hpa-delete").await;
    browser.click("dialog .danger").await;
    browser.until_says(".tab", "There is none").await;

    // Deploy one from the samples, and remove it, after a second thought.
    browser.turn_to("#/deploy").await;
    browser.click("#sample option[value=burn]").await;
    browser.click("#deploy").await;
    browser.until_says("#badge", "1/1").await;
    browser.click("#remove").await;
    browser.click("dialog button[value=no]").await;
    browser.until("return !document.querySelector('dialog')").await;
    cluster.until_ready("burn", 1);
    browser.click("#remove").await;
    browser.click("dialog button[value=yes]").await;
    browser.until("return document.querySelectorAll('.functions a').length === 1").await;
    until("no pod of burn", || cluster.ready_pods("burn").is_empty().then_some(()));

    assert_eq!(browser.complaints().await, [""; 0]);
    only_the_gateway(&browser.asked().await, &cluster.gateway);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_runs_an_experiment_and_opens_its_report() {
    let cluster = Cluster::up(ECHO, &[]);
    let browser = Browser::open().await;
    log_in(&browser, &cluster).await;
    browser.turn_to("#/experiments").await;
    browser.click("[data-name=e03-hpa] button").await;
    browser.until_says("#state", "as expected").await;
    browser.until_says(".expectations", "course of replicas == 2 4 6 2").await;
    browser.until_says(".changes", "4 → 6").await;
    browser.until("return document.querySelector('.plot path.line')?.getAttribute('d').length > 100").await;
    browser.run("document.querySelector('#moment').value = 100; document.querySelector('#moment').dispatchEvent(new Event('input'))").await;
    browser
        .until("return document.querySelector('.plot').getAttribute('aria-label').includes('ready 6')")
        .await;
    browser.click("#report").await;
    browser.newest_tab().await;
    browser
        .until("return document.title.includes('e03-hpa') && document.querySelectorAll('svg').length > 1")
        .await;
    // It is a stranger to the portal: it cannot even read what the portal keeps.
    assert_eq!(browser.run("return window.origin").await, "null");
    only_the_gateway(&browser.asked().await, &cluster.gateway);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_finds_the_cluster_again_after_a_restart() {
    let mut cluster = Cluster::up(ECHO, &[]);
    cluster.until_ready("echo", 1);
    let browser = Browser::open().await;
    log_in(&browser, &cluster).await;
    browser.click(".functions a").await;
    browser.until_says("#badge", "1/1").await;
    // It outlives the page too, in this tab, when a person wants it.
    browser.click("#logout").await;
    browser.fill("#password", cluster.says(&["password"]).trim()).await;
    browser.click("#stay").await;
    browser.click("#login").await;
    browser.until_says("#link", "live").await;

    let port = cluster.gateway.rsplit(':').next().unwrap().to_owned();
    assert_eq!(cluster.interrupt(), Some(0));
    browser.until_says("#link", "lost").await;
    browser.until_says("#banner", "does not answer").await;
    cluster.again(&["--port", &port]);
    browser.until_says("#link", "live").await;
    browser.until("return document.querySelector('#banner').hidden").await;
    browser.until_says("#badge", "1/1").await;
    browser.fill("#request", "still there").await;
    browser.click("#invoke").await;
    browser.until_says("#reply", "still there").await;

    browser.goto(&format!("{}/ui/", cluster.gateway)).await;
    browser.until_says("#link", "live").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_alone_are_enough() {
    let cluster = Cluster::up(ECHO, &[]);
    cluster.until_ready("echo", 1);
    let browser = Browser::open().await;
    browser.goto(&cluster.gateway).await;
    browser.until("return document.activeElement.id === 'password'").await;
    browser.press(&format!("{}{ENTER}", cluster.says(&["password"]).trim())).await;
    browser.until_says("#link", "live").await;
    browser.until_says(".functions", "echo").await;

    browser.run("document.activeElement.blur()").await;
    browser.press("/").await;
    browser.until("return document.activeElement.id === 'search'").await;
    browser.press(&format!("ech{ENTER}")).await;
    browser.until_says(".facts", "faasim function echo").await;
    browser.tab_to("#request").await;
    browser.press(&format!("typed{CONTROL}{ENTER}")).await;
    browser.until_says("#reply", "typed").await;

    // Where the focus is can be seen, all along the page.
    browser.press(ESCAPE).await;
    browser.run("document.querySelector('.skip').focus()").await;
    for _ in 0..30 {
        browser.press("\u{e004}").await;
        let seen = browser
            .run("const e = document.activeElement; return e === document.body || getComputedStyle(e).outlineStyle !== 'none' || e.outerHTML")
            .await;
        assert_eq!(seen, true);
    }
    browser.run("document.activeElement.blur()").await;
    browser.press("6").await;
    browser.tab_to("#slider").await;
    browser.press(END).await;
    browser.tab_to("#replicas").await;
    browser.run("document.activeElement.select()").await;
    browser.press(&format!("2{ENTER}")).await;
    browser.until_says("#badge", "2/2").await;

    // A dialog closes with Escape, and the focus is where it was.
    browser.run("document.querySelector('.skip').focus()").await;
    browser.tab_to("#remove").await;
    browser.press(ENTER).await;
    browser.until("return document.activeElement.value === 'no'").await;
    browser.press(ESCAPE).await;
    browser.until("return !document.querySelector('dialog') && document.activeElement.id === 'remove'").await;
    browser.press("?").await;
    browser.until_says("dialog", "search functions").await;
    browser.press(ESCAPE).await;
    browser.until("return !document.querySelector('dialog')").await;
    browser.close().await;
}

const PAGES: [&str; 12] = [
    "#/",
    "#/f/openfaas-fn/echo/invoke",
    "#/f/openfaas-fn/echo/live",
    "#/f/openfaas-fn/echo/pods",
    "#/f/openfaas-fn/echo/logs",
    "#/f/openfaas-fn/echo/why",
    "#/f/openfaas-fn/echo/scale",
    "#/deploy",
    "#/experiments",
    "#/async",
    "#/secrets",
    "#/cluster",
];

/// Fields that nothing names, for whoever does not see where they stand.
const NAMELESS: &str = "return [...document.querySelectorAll('input, select, textarea, button, progress')]
    .filter((e) => !e.hidden && !(e.labels?.length || e.ariaLabel || e.textContent?.trim() || e.closest('label'))).map((e) => e.outerHTML)";

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_a_phone_and_every_field_has_a_name() {
    let cluster = Cluster::up(ECHO, &[]);
    cluster.until_ready("echo", 1);
    let browser = Browser::open().await;
    log_in(&browser, &cluster).await;
    for width in [320, 390, 1024] {
        browser.resize(width, 844).await;
        for page in PAGES {
            browser.turn_to(page).await;
            let kind = page.split('/').nth(1).filter(|k| !k.is_empty()).unwrap_or("home");
            let there = if kind == "experiments" { ".scenarios li" } else { "main > *" };
            browser
                .until(&format!(
                    "return document.body.dataset.page === '{kind}' && !!document.querySelector('{there}')"
                ))
                .await;
            browser.run("for (const fold of document.querySelectorAll('details')) fold.open = true").await;
            let wide = browser.run("return document.documentElement.scrollWidth - innerWidth").await;
            assert!(wide.as_f64().unwrap() <= 0.0, "{page} is {wide} pixels too wide for {width}");
            assert_eq!(browser.run(NAMELESS).await, serde_json::json!([]), "{page}");
        }
    }
    browser.close().await;
}
