//! A saga's table as a picture, so that the docs cannot differ from the code.

use super::Saga;
use std::fmt::Write;

impl<A> Saga<A> {
    /// A Mermaid flow chart: forwards on the left, back on the right, the pivot marked.
    pub fn mermaid(&self) -> String {
        let mut out = String::from("flowchart TD\n  start([start])\n");
        let mut before = "start".to_owned();
        let mut back: Vec<String> = Vec::new();
        let mut past_pivot = false;
        for (index, step) in self.steps.iter().enumerate() {
            let node = format!("s{index}");
            let label = if step.pivot {
                format!("{}<br/>(pivot)", step.name)
            } else {
                step.name.to_owned()
            };
            let _ = writeln!(out, "  {before} --> {node}[\"{label}\"]");
            if past_pivot {
                let _ = writeln!(out, "  {node} -. \"no answer: again\" .-> {node}");
            } else {
                let target = back.last().cloned().unwrap_or_else(|| "unwound".to_owned());
                let _ = writeln!(out, "  {node} -. refused .-> {target}");
            }
            if step.compensation.is_some() && !past_pivot {
                let undo = format!("c{index}");
                let _ = writeln!(out, "  {undo}[/\"undo: {}\"/]", step.name);
                let target = back.last().cloned().unwrap_or_else(|| "unwound".to_owned());
                let _ = writeln!(out, "  {undo} --> {target}");
                back.push(undo);
            }
            past_pivot |= step.pivot;
            before = node;
        }
        let _ = writeln!(out, "  {before} --> completed([completed])\n  unwound([unwound])");
        out
    }
}
