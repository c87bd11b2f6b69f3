//! Tables within a table that is read.

use super::describing::NAME;
use super::description::{Presence, Type};
use super::document::Document;
use super::key::Key;
use super::reader::Mode::{Describing, Reading};
use super::reader::Reader;

impl Document<'_> {
    /// The tables of a key; `needed` is what is said where there are none, if there must be one.
    fn some<T>(&mut self, key: &str, needed: Option<&str>, tables: Vec<T>) -> Option<Vec<T>> {
        if let Some(needed) = needed.filter(|_| tables.is_empty()) {
            self.problem(key, needed);
            return None;
        }
        Some(tables)
    }
}

impl Reader<'_> {
    /// A table, read by `read`.
    pub fn table<T>(
        &mut self,
        key: Key,
        mut read: impl FnMut(&mut Reader<'_>) -> Option<T>,
    ) -> Option<T> {
        match &mut self.0 {
            Reading(document) => {
                match document.table(key.name(), |document| Reader::reading(document, read))? {
                    Some(value) => Some(value),
                    None => document.missing(key.name(), "a table"),
                }
            }
            Describing(run) => run.table(key, Type::Table, Presence::Required, |run| {
                Reader::describing(run, &mut read)
            }),
        }
    }

    /// A table, if it is there.
    pub fn optional_table<T>(
        &mut self,
        key: Key,
        mut read: impl FnMut(&mut Reader<'_>) -> Option<T>,
    ) -> Option<Option<T>> {
        match &mut self.0 {
            Reading(document) => {
                document.table(key.name(), |document| Reader::reading(document, read))
            }
            Describing(run) => run.table(key, Type::Table, Presence::Optional, |run| {
                Reader::describing(run, &mut read)
            }),
        }
    }

    /// A table; a missing one is read as an empty one, so that its defaults are resolved.
    pub fn table_or_default<T>(
        &mut self,
        key: Key,
        mut read: impl FnMut(&mut Reader<'_>) -> Option<T>,
    ) -> Option<T> {
        match &mut self.0 {
            Reading(document) => {
                document.table_or_empty(key.name(), |document| Reader::reading(document, read))
            }
            Describing(run) => run.table(key, Type::Table, Presence::Optional, |run| {
                Reader::describing(run, &mut read)
            }),
        }
    }

    /// The tables of a `[[key]]` array, each read by `read`; none when it is missing. `needed` is what is
    /// said where there are none, if there must be one.
    pub fn tables<T>(
        &mut self,
        key: Key,
        needed: Option<&str>,
        mut read: impl FnMut(&mut Reader<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        match &mut self.0 {
            Reading(document) => {
                let tables =
                    document.array(key.name(), |document| Reader::reading(document, &mut read))?;
                document.some(key.name(), needed, tables)
            }
            Describing(run) => {
                let presence = needed.map_or(Presence::Optional, |_| Presence::Required);
                run.table(key, Type::TableArray, presence, |run| Reader::describing(run, &mut read))
            }
        }
    }

    /// The `[key.NAME]` tables in the order of the file, each read by `read`, which gets the name
    /// too. `needed` is what is said where there are none, if there must be one.
    pub fn named_tables<T>(
        &mut self,
        key: Key,
        needed: Option<&str>,
        mut read: impl FnMut(&str, &mut Reader<'_>) -> Option<T>,
    ) -> Option<Vec<(String, T)>> {
        match &mut self.0 {
            Reading(document) => {
                let tables = document.table_or_empty(key.name(), |document| {
                    Reader::reading(document, |tables| tables.each(&mut read))
                })?;
                document.some(key.name(), needed, tables)
            }
            Describing(run) => {
                let presence = needed.map_or(Presence::Optional, |_| Presence::Required);
                run.table(key, Type::NamedTables, presence, |run| {
                    Reader::describing(run, |tables| tables.each(&mut read))
                })
            }
        }
    }

    /// All tables in this one, with their names.
    fn each<T>(
        &mut self,
        read: &mut impl FnMut(&str, &mut Reader<'_>) -> Option<T>,
    ) -> Option<Vec<(String, T)>> {
        match &mut self.0 {
            Reading(document) => document
                .each(|name, document| Reader::reading(document, |reader| read(name, reader))),
            Describing(run) => {
                run.named(|run| Reader::describing(run, |reader| read(NAME, reader)))
            }
        }
    }
}
