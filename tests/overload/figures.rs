//! How it behaves at a multiple of what it can do, on this machine.

use super::{
    ALONE, House,
    open_loop::{Target, load},
};
use std::time::Duration;

/// Callers that find out what the service can do.
const CALLERS: usize = 128;
/// Connections of those who ask for more.
const CROWD: usize = 4000;
const TIME: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute, and its figures mean something in a release build alone"]
async fn at_five_times_what_it_can_do() {
    let _alone = ALONE.lock().await;
    let house = House::start("figures").await;
    let target = |run| Target {
        address: house.address.clone(),
        key: house.service.fact("api_key"),
        run,
    };
    load(target("warm"), CALLERS, None, TIME).await;
    let most = load(target("most"), CALLERS, None, TIME).await;
    let capacity = u32::try_from(most.made.count()).unwrap() / 10;
    println!(
        "{capacity} a second can be done, with {} KiB",
        house.process.memory()
    );
    for (factor, run) in [(1, "one"), (2, "two"), (5, "five")] {
        let mut found = load(target(run), CROWD, Some(capacity * factor), TIME).await;
        let (made, refused, waited) = (&mut found.made, &mut found.refused, &mut found.waited);
        println!(
            "{factor} times: {} made, half in {:?}, 99 % in {:?}; {} refused, half in {:?}, 99 % in {:?}; {:?} until half could be sent; {} KiB",
            made.count(),
            made.percentile(50),
            made.percentile(99),
            refused.count(),
            refused.percentile(50),
            refused.percentile(99),
            waited.percentile(50),
            house.process.memory(),
        );
        assert_eq!(found.odd, 0, "each is made or refused");
        // It is over at once.
        house.bot.paid("2.00", "EUR").await;
    }
    house.stop().await;
}
