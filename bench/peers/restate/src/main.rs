//! The peer of `interstate-bench saga`: `serve` answers for Restate's server, `load` runs sagas and measures.

mod load;
mod saga;

use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", address] => Ok(saga::serve(address).await?),
        ["load", ingress, tag, count, concurrency, ref pids @ ..] => {
            let load = load::Load {
                ingress: ingress.to_owned(),
                tag: tag.to_owned(),
                count: count.parse()?,
                concurrency: concurrency.parse()?,
            };
            let line = load.run(pids).await?;
            println!("{line}");
            match line["wrong"].as_u64() {
                Some(0) => Ok(()),
                _ => Err("sagas ended as they should not".into()),
            }
        }
        _ => Err("restate-peer serve ADDRESS | load INGRESS TAG COUNT CONCURRENCY PID...".into()),
    }
}
