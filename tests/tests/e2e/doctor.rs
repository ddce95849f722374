//! What `postbode doctor` finds in an installation that is well, and in one that is not.

use std::net::TcpListener;
use std::path::PathBuf;

use harness::{Kind, Receiver, World, WorldOptions};
use stream::Admin;

/// The configuration file that the command line shares with the services of a story.
fn configured(world: &World) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("postbode.toml");
    let text =
        "[topics]\nretry_tiers = ['300ms', '1s']\npartitions = 3\n[outbound]\nallow = ['127.0.0.0/8']\n";
    std::fs::write(&file, text).unwrap();
    assert!(world.prefix().starts_with("doctor"), "the prefix comes from the environment");
    (folder, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_installation_that_is_well_nothing_is_to_be_said() {
    let world = World::start("doctor-well").await;
    let receiver = Receiver::start().await;
    let (_folder, file) = configured(&world);
    let url = receiver.url("/hook");
    let (console, ingest) = (world.service(Kind::Console).api(), world.service(Kind::Ingest).api());
    let health: Vec<_> = world.services.iter().map(|service| service.management()).collect();
    let mut arguments = vec!["doctor", "--timeout", "60", "--config", file.to_str().unwrap(), "--url", &url];
    arguments.extend(["--console-url", &console, "--ingest-url", &ingest]);
    arguments.extend(health.iter().flat_map(|address| ["--health", address.as_str()]));
    let asked = world.says(&[&arguments[..], &["--json"]].concat()).await;
    assert_eq!(asked.code, Some(0), "{asked:?}");
    let mut found = asked.findings();
    assert_eq!(found.remove("rights to write").unwrap()[0], "not checked");
    assert_eq!(found.remove("dns").unwrap()[0], "not checked", "an address has no name");
    let unwell: Vec<_> = found.iter().filter(|(_, [verdict, ..])| verdict != "ok").collect();
    assert!(unwell.is_empty(), "{unwell:?}");
    let broker = world.kafka.bootstrap_servers.split(',').next().unwrap();
    let groups = ["fanout", "delivery", "retry"].map(|name| format!("group {}{name}", world.prefix()));
    for name in [&format!("broker {broker}"), "topics", "rights to read", "outbound", "clock"] {
        assert!(found.contains_key(name), "{name}: {found:?}");
    }
    assert!(groups.iter().all(|group| found[group][1].starts_with("1 at work on")), "{found:?}");
    assert_eq!(found.keys().filter(|name| name.starts_with("ready at ")).count(), 5);
    assert!(found["outbound"][1].contains("connect "), "{found:?}");

    let table = world.says(&arguments).await;
    assert!(table.code == Some(0) && table.out.starts_with("CHECK "), "{table:?}");
    assert!(table.out.lines().last().unwrap().starts_with("2 not checked, "), "{table:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_that_is_wrong_is_named_with_what_to_do() {
    let world =
        World::with("doctor-ill", WorldOptions { services: Some(Vec::new()), ..WorldOptions::default() })
            .await;
    let (_folder, file) = configured(&world);
    let admin = Admin::new(&world.kafka).unwrap();
    let (_, tier) = world.topics.retries().next().unwrap();
    let mut brief = world.topics.spec(&world.topics.deliveries).unwrap();
    admin.delete(&[tier]).await.unwrap();
    brief.config.insert("retention.ms", "60000".to_owned());
    world.remake(&brief).await;

    // A port that was free a moment ago, and a name that is nobody's.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let servers = format!("{},{closed}", world.kafka.bootstrap_servers);
    let arguments = [
        "doctor",
        "--json",
        "--timeout",
        "60",
        "--config",
        file.to_str().unwrap(),
        "--bootstrap-servers",
        &servers,
        "--url",
        "http://10.0.0.1/",
        "--health",
        &format!("http://{closed}"),
        "--console-url",
        &format!("http://{closed}"),
        "--service",
        "delivery",
    ];
    let said = world.says(&arguments).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("checks failed"), "{said:?}");
    let found = said.findings();
    let group = format!("group {}delivery", world.prefix());
    for (name, verdict, seen, todo) in [
        (format!("broker {closed}"), "failed", "refused", "listens on that port"),
        (format!("topic {tier}"), "failed", "does not exist", "postbode topics create"),
        (
            format!("topic {}", world.topics.deliveries),
            "failed",
            "retention.ms is 60000",
            "kafka-configs.sh --bootstrap-server",
        ),
        (group, "warning", "nobody is in it", "start delivery"),
        ("configuration of delivery".to_owned(), "failed", "retry tiers", "docs/configuration.md"),
        ("outbound".to_owned(), "failed", "a private address", "outbound.allow"),
        (format!("ready at http://{closed}"), "failed", "no answer", "http.listen"),
        (format!("console at http://{closed}"), "failed", "no answer", "POSTBODE_CONSOLE_URL"),
        ("clock".to_owned(), "not checked", "nobody", "--url"),
        (format!("broker {}", world.kafka.bootstrap_servers), "ok", "answered", ""),
    ] {
        let [is, was_seen, advice] = found.get(&name).unwrap_or_else(|| panic!("{name}: {found:?}"));
        assert_eq!(is, verdict, "{name}: {found:?}");
        assert!(was_seen.contains(seen) && advice.contains(todo), "{name}: {found:?}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_nobody_reaches_leaves_the_rest_unchecked() {
    let world =
        World::with("doctor-away", WorldOptions { services: Some(Vec::new()), ..WorldOptions::default() })
            .await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let said = world.says(&["doctor", "--json", "--bootstrap-servers", &closed]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    let found = said.findings();
    for name in ["topics", "rights", "groups", "kafka nodes", "outbound"] {
        assert_eq!(found[name][0], "not checked", "{found:?}");
    }
    world.close().await;
}
