//! A call to somebody outside, who answers late or never: whether it was carried out is then not known.

use crate::{here::Here, sim::Sim};
use std::time::Duration;

/// No answer came in time: it may have been done, may be done later, or never.
#[derive(Debug)]
pub struct NoAnswer;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Looks something up from a process; nothing is changed by it.
pub async fn look_up<T>(here: &Here, look: impl FnOnce() -> T) -> Result<T, NoAnswer> {
    here.pass().await;
    if here.sim.strikes(|faults| faults.provider_timeout) {
        here.sim.sleep(PATIENCE).await;
        return Err(NoAnswer);
    }
    Ok(look())
}

/// Has something carried out from a process. Where no answer comes it has happened, will happen, or never does.
pub async fn carry_out<T>(
    here: &Here,
    what: impl FnOnce() -> String,
    act: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NoAnswer> {
    here.pass().await;
    let sim: &Sim = &here.sim;
    if sim.strikes(|faults| faults.provider_timeout) {
        let which = sim.draw(|rng| rng.below(3));
        sim.tell(|| {
            let effect = ["with effect", "without effect", "with effect later"][which as usize];
            format!("the provider does not answer to {} ({effect})", what())
        });
        match which {
            0 => drop(act()),
            1 => {}
            _ => {
                let later = sim.now() + sim.draw(|rng| rng.between(1, 8_000)) * 1_000_000;
                sim.call_at(later, move || drop(act()));
            }
        }
        sim.sleep(PATIENCE).await;
        return Err(NoAnswer);
    }
    let answer = act();
    here.pass().await;
    Ok(answer)
}
