//! The description of all APIs, taken from a platform that is started for it in a folder of its own.

use crate::node::{Node, Settings, StartError};
use interstate_config::{CommonArgs, Provider, Secret};

/// OpenAPI 3.1 as JSON.
pub async fn document() -> Result<String, Box<dyn std::error::Error>> {
    let dir = std::env::temp_dir().join(format!("interstate-openapi-{}", std::process::id()));
    let text = describe(&dir).await;
    // Only what was made here; a leftover in the temporary folder harms nobody.
    let _ = std::fs::remove_dir_all(&dir);
    text
}

async fn describe(dir: &std::path::Path) -> Result<String, Box<dyn std::error::Error>> {
    let args = CommonArgs {
        port: Some("0".to_owned()),
        data_dir: Some(dir.display().to_string()),
        ..CommonArgs::default()
    };
    let common = args.validate()?;
    let provider = Provider {
        url: "http://127.0.0.1:9".to_owned(),
        webhook_secret: Secret::new("not used here"),
    };
    let settings = Settings {
        common,
        provider: Some(provider),
        services: Vec::new(),
        alone: false,
        demonstration: true,
    };
    let node = Node::start(settings).await.map_err(|error: StartError| error)?;
    let url = format!("http://{}/openapi.json", node.address());
    let document: serde_json::Value = serde_json::from_str(&reqwest::get(url).await?.text().await?)?;
    node.stop().await;
    Ok(serde_json::to_string_pretty(&document)?)
}
