//! Connections against small servers on loopback, and against a real cluster where one is named.

use super::*;
use crate::config::Config;

/// Reads everything once from the cluster that `CRASHCART_LIVE` (a crashcart.toml) names first.
#[tokio::test]
#[ignore = "needs a real cluster"]
async fn live() {
    let path = std::env::var("CRASHCART_LIVE").unwrap();
    let config: Config = crate::config::load(std::path::Path::new(&path), None).unwrap();
    let cluster = &config.clusters[0];
    let now: Timestamp = std::env::var("NOW").unwrap().parse().unwrap();
    let link = Link::open(cluster, 1, TokenSlot::default()).unwrap();
    println!("{:?}", link.greet(now).await);
    let (tx, mut rx) = tokio::sync::mpsc::channel(64);
    let mut world = crate::sources::world::World::default();
    world.connect(cluster.name.clone(), 1);
    let moment = crate::sources::moment::Moment {
        mono_ms: 1000,
        wall: now,
    };
    let fold = async {
        while let Ok(Some(fact)) = tokio::time::timeout(Duration::from_secs(3), rx.recv()).await {
            match &fact {
                Fact::Watch(..) | Fact::Alerts(_) => println!("{fact:?}"),
                _ => {}
            }
            world.fold(&cluster.name, 1, fact, moment);
        }
    };
    tokio::select! { () = crate::sources::watch::follow_all(&link, tx) => {}, () = fold => {} }
    println!(
        "heard {:?} bytes {}",
        link.pulse().heard(),
        link.pulse().bytes()
    );
    let board = crate::sources::board::judge(&config, &world, moment);
    for zone in &board.zones {
        println!("{:?} {:?}", zone.zone, zone.columns);
        for row in &zone.clusters {
            println!("  {} {:?}", row.cluster, row.freshness);
            for cell in &row.cells {
                println!("    {:?}", cell);
            }
        }
    }
    for finding in &board.findings {
        println!(
            "{:?} {} since {:?} why {:?}",
            finding.level, finding.sentence, finding.since, finding.why
        );
    }
    println!(
        "{:#?}",
        crate::sources::backups::detail(&config, &world, moment)
    );
    println!(
        "{:#?}",
        crate::sources::zones::detail(&config, &world, Some(&config.zones[0].name), moment)
    );
    println!(
        "{:#?}",
        crate::sources::drift::rows(&config, &world, moment)
    );
    println!(
        "{:?}",
        link.reader()
            .names(&Gvr::new("", "v1", "configmaps"), Some("shop"))
            .await
    );
    println!(
        "{:?}",
        link.reader().resource("apps", "v1", "Deployment").await
    );
}
