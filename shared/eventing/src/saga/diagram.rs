//! A saga's table as a picture, so that the docs cannot differ from the code.

use super::Saga;
use std::fmt::Write;

impl<A> Saga<A> {
    /// A Mermaid flow chart: forwards on the left, back on the right, the pivot marked.
    pub fn mermaid(&self) -> String {
        let mut out = String::from("flowchart TD\n  start([start])\n");
        let mut before = vec!["start".to_owned()];
        let mut undo = "unwound".to_owned();
        let mut past_pivot = false;
        let mut index = 0;
        for group in self.groups() {
            let nodes = index..index + group.len();
            index = nodes.end;
            for (step, index) in group.iter().zip(nodes.clone()) {
                let label = if step.pivot {
                    format!("{}<br/>(pivot)", step.name)
                } else {
                    step.name.to_owned()
                };
                for before in &before {
                    let _ = writeln!(out, "  {before} --> s{index}[\"{label}\"]");
                }
            }
            if past_pivot {
                for index in nodes.clone() {
                    let _ = writeln!(out, "  s{index} -. \"no answer: again\" .-> s{index}");
                }
            } else {
                // A step that stands alone and is refused leaves nothing of its own to take back; what is asked
                // for together with another may be done by then.
                let alone = undo.clone();
                for (step, index) in group.iter().zip(nodes.clone()) {
                    if step.compensation.is_some() {
                        let _ = writeln!(out, "  c{index}[/\"undo: {}\"/]", step.name);
                        let _ = writeln!(out, "  c{index} --> {undo}");
                        undo = format!("c{index}");
                    }
                }
                for index in nodes.clone() {
                    let target = if group.len() == 1 { &alone } else { &undo };
                    let _ = writeln!(out, "  s{index} -. refused .-> {target}");
                }
            }
            past_pivot |= group.iter().any(|step| step.pivot);
            before = nodes.map(|index| format!("s{index}")).collect();
        }
        for before in &before {
            let _ = writeln!(out, "  {before} --> completed([completed])");
        }
        let _ = writeln!(out, "  unwound([unwound])");
        out
    }
}
