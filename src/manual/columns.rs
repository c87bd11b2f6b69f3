//! The columns of the tables, from the README, which explains all of them.

const README: &str = include_str!("../../README.md");

/// Columns that are explained together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The tables that they are in, by the names of their files.
    pub tables: Vec<&'static str>,
    /// Their names.
    pub names: Vec<&'static str>,
    /// What they mean.
    pub meaning: &'static str,
}

/// All columns of all tables.
pub fn columns() -> Vec<Column> {
    let mut tables: Vec<&str> = Vec::new();
    let mut columns: Vec<Column> = Vec::new();
    // Whether what follows is about other tables.
    let mut ended = true;
    for line in README.lines() {
        let named: Vec<&str> =
            line.split("**`").skip(1).filter_map(|rest| rest.split("`**").next()).collect();
        if !named.is_empty() {
            if ended {
                tables.clear();
            }
            ended = false;
            tables.extend(named.into_iter().filter(|name| name.ends_with(".csv")));
        } else if line.starts_with("| `") {
            ended = true;
            columns.extend(row(line, &tables));
        } else if line.starts_with('#') {
            tables.clear();
        }
    }
    columns
}

/// The columns of a row of a table of columns: their names in backticks, and what they mean.
fn row(line: &'static str, tables: &[&'static str]) -> Option<Column> {
    let (names, meaning) = line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")?;
    let names = names.split('`').skip(1).step_by(2).collect();
    // Of several tables, it may be in one alone.
    let own = tables.iter().find(|table| meaning.starts_with(&format!("`{table}`: ")));
    let tables = own.map_or(tables, std::slice::from_ref);
    (!tables.is_empty()).then(|| Column { tables: tables.to_vec(), names, meaning })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_its_columns() {
        let columns = columns();
        let of = |table: &str, name: &str| {
            let found = columns
                .iter()
                .find(|column| column.tables.contains(&table) && column.names.contains(&name));
            found.map(|column| column.meaning)
        };
        assert_eq!(of("claims.csv", "reason"), Some("why, in words"));
        assert!(of("learning_rates.csv", "reason").is_some_and(|said| said != "why, in words"));
        assert!(of("eigenvectors.csv", "entry").is_some() && of("spectrum.csv", "k").is_some());
        assert!(of("schedule.csv", "epoch").is_some() && of("timings.csv", "phase").is_some());
        assert!(of("schedule.csv", "step").is_none() && of("landscape.csv", "epoch").is_none());
        for table in crate::store::TABLES {
            assert!(columns.iter().any(|column| column.tables.contains(table)), "{table}");
        }
    }
}
