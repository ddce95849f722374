//! The measurements. Each gets an empty room and the sizes, and says what it found.

mod batched;
mod ceilings;
mod deferral;
mod drain;
mod end_to_end;
mod fanout;
mod filter;
mod idle;
mod import;
mod ingest;
mod isolation;
mod latency;
mod raw;
mod route;
mod scaling;

use super::finding::Finding;
use super::plan::Measure;
use super::room::Room;

/// Of what is to arrive, the part by which a rate is measured: a lane that is too full moves its newest records aside, and
/// a handful that comes back seconds later says nothing about the rate. That they come is seen to all the same.
fn most_of(count: u64) -> u64 {
    count - count / 100
}

/// Measures.
pub(super) async fn perform(measure: Measure, room: &mut Room<'_>) -> anyhow::Result<Finding> {
    match measure {
        Measure::Ceilings => ceilings::measure(room).await,
        Measure::Raw => raw::measure(room).await,
        Measure::Delivery => drain::measure(room).await,
        Measure::Fanout => fanout::measure(room).await,
        Measure::Ingest => ingest::measure(room).await,
        Measure::Import => import::measure(room).await,
        Measure::EndToEnd => end_to_end::single(room).await,
        Measure::EndToEndBatch => end_to_end::batches(room).await,
        Measure::FanoutFive => end_to_end::five(room).await,
        Measure::Scaling => scaling::measure(room).await,
        Measure::Batched => batched::measure(room).await,
        Measure::Latency => latency::measure(room).await,
        Measure::Isolation => isolation::measure(room).await,
        Measure::Route => route::measure(room.bench.args.seed),
        Measure::Filter => filter::measure(room.bench.args.seed),
        Measure::Idle => idle::measure(room).await,
        Measure::Deferral => deferral::measure(room).await,
    }
}
