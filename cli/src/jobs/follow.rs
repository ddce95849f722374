//! Waiting for a job's end.

use std::time::Duration;

use http::StatusCode;
use tokio::time::{Instant, sleep};
use wire::api::Job;

use super::get;
use crate::rest::{Refused, Rest};
use crate::signals::Interrupts;

/// How often to look.
const LOOK: Duration = Duration::from_millis(300);
/// How long the console may be away: jobs survive its restart.
const PATIENCE: Duration = Duration::from_secs(60);

/// Looks at a job until it has ended, and tells of each look. None if somebody does not want to wait any longer: the job
/// goes on.
///
/// # Errors
/// When the console stays away, or does not know the job.
pub(crate) async fn follow(
    rest: &Rest,
    id: &str,
    interrupts: &mut Interrupts,
    mut seen: impl FnMut(&Job),
) -> anyhow::Result<Option<Job>> {
    let mut heard = Instant::now();
    loop {
        let looked = tokio::select! {
            looked = get(rest, id) => looked,
            () = interrupts.next() => return Ok(None),
        };
        match looked {
            Ok(job) => {
                heard = Instant::now();
                seen(&job);
                if job.is_ended() {
                    return Ok(Some(job));
                }
            }
            Err(error) if is_final(&error) || heard.elapsed() > PATIENCE => return Err(error),
            Err(_) => {}
        }
        tokio::select! {
            () = sleep(LOOK) => {}
            () = interrupts.next() => return Ok(None),
        }
    }
}

/// Whether asking again would not help.
fn is_final(error: &anyhow::Error) -> bool {
    let refused = error.downcast_ref::<Refused>();
    refused.is_some_and(|refused| refused.status != StatusCode::SERVICE_UNAVAILABLE)
}
