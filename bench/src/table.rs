//! One table of all that was measured, from the lines that the measurements have printed.

mod lines;
mod rows;

use lines::Lines;
use rows::Row;
use std::{error::Error, io::Read};

const HEADS: [&str; 6] = [
    "what",
    "here",
    "baseline in the same run",
    "ratio",
    "target",
    "met?",
];

/// Reads the lines from standard input and prints the table of these rows. One that was not measured is an
/// error, not left out.
pub fn run(wanted: &[String]) -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let lines = Lines::parse(&text)?;
    let mut rows = Vec::new();
    for name in wanted {
        rows.extend(rows::of(name, &lines).ok_or_else(|| format!("there is no measurement `{name}`"))?);
    }
    print!("{}{}", heading(&lines), drawn(&rows));
    let missing = rows.iter().filter(|row| row.here.is_none()).count();
    if missing > 0 {
        return Err(format!("{missing} rows were not measured").into());
    }
    Ok(())
}

/// The machine, in a line for people.
fn heading(lines: &Lines) -> String {
    let Some(machine) = lines.all("machine").next() else {
        return String::new();
    };
    let text = |name: &str| machine[name].as_str().unwrap_or("unknown").to_owned();
    let load: Vec<String> = machine["load"]
        .as_array()
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    format!(
        "{}, {} cores, {} GB, {}, {}; load before: {}\n\n",
        text("cpu"),
        machine["cores"],
        machine["memory_gb"],
        text("kernel"),
        text("disk"),
        load.join(" "),
    )
}

fn drawn(rows: &[Row]) -> String {
    let mut cells = vec![HEADS.map(str::to_owned)];
    cells.extend(rows.iter().map(Row::cells));
    let widths: Vec<usize> = (0..HEADS.len())
        .map(|column| {
            let lengths = cells.iter().map(|row| row[column].chars().count());
            lengths.max().unwrap_or_default()
        })
        .collect();
    let line = |row: &[String; 6]| {
        let padded: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("| {} |\n", padded.join(" | "))
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut text = line(&cells[0]);
    text.push_str(&format!("| {} |\n", rule.join(" | ")));
    cells[1..].iter().for_each(|row| text.push_str(&line(row)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_without_its_line_says_so() {
        let lines = Lines::parse("").unwrap();
        let rows = rows::of("durable", &lines).unwrap();
        assert_eq!(rows[0].cells()[1], "NOT MEASURED");
    }

    #[test]
    fn each_number_of_devices_has_a_row_of_its_own() {
        let line =
            r#"{"what":"fixes","drivers":16,"fixes_per_second":500,"raw_fixes_per_second":1000,"ratio":0.5}"#;
        let rows = rows::of("fixes", &Lines::parse(line).unwrap()).unwrap();
        let cells: Vec<_> = rows.iter().map(Row::cells).collect();
        assert!(
            cells[0][0].contains("16 devices") && cells[1][0].contains("64 devices"),
            "{cells:?}"
        );
        assert_eq!((&*cells[0][3], &*cells[1][1]), ("0.50", "NOT MEASURED"));
    }

    #[test]
    fn turns_are_compared_pair_by_pair() {
        let text = r#"
            {"what":"saga","per_second":1000,"cpu_ms_each":0.5}
            {"what":"saga-restate","per_second":1000,"cpu_ms_each":1.0}
            {"what":"saga","per_second":500,"cpu_ms_each":0.5}
            {"what":"saga-restate","per_second":250,"cpu_ms_each":1.0}"#;
        let rows = rows::of("saga", &Lines::parse(text).unwrap()).unwrap();
        assert_eq!(rows[0].cells()[3], "1.50");
        assert_eq!(rows[0].cells()[5], "yes");
        assert_eq!(rows[1].cells()[3], "2.00", "half the processor time counts twice");
    }
}
