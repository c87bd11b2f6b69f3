//! Keys that say nothing where the keys that they go with are not there.

use super::reader::{Mode, Reader};

impl Reader<'_> {
    /// Refuses keys that are there although what they go with is not, and says why. They are not
    /// asked for: nothing depends on them.
    pub fn idle(&mut self, keys: &[&str], problem: &str) {
        // Without values, none is there.
        let Mode::Reading(document) = &mut self.0 else { return };
        keys.iter().for_each(|key| document.idle(key, problem));
    }

    /// Refuses `key = { form = … }`, if it is there: that is written as another key.
    pub fn elsewhere(&mut self, key: &str, form: &str, instead: &str) -> bool {
        let Mode::Reading(document) = &mut self.0 else { return false };
        document.elsewhere(key, form, instead)
    }
}
