//! Finding out what a config may hold from the functions that read it.
//!
//! A function is run without a document. Each value that it asks for is noted and withheld, as if
//! it were wrong (functions ask for all keys before they use the answers, so that all problems of
//! a config are found at once). What it asks to be chosen is chosen: the function is run once for
//! each combination of the choices of a table, and from the runs in which a key was asked for
//! follows with which choices it goes.

use std::collections::{BTreeSet, HashMap};

use super::description::{Condition, KeyDescription, Presence, Type};
use super::key::Key;
use super::kind::{Choice as ChoiceKind, Kind};
use super::tree::join;

/// What stands for a name in the key of a table that a config names.
pub(super) const NAME: &str = "NAME";

/// Something that a function lets a config choose, with the names of its options.
#[derive(Clone, Debug, PartialEq)]
enum Question {
    /// The value of a key.
    Value { key: String, options: Vec<String> },
    /// Which of several groups of keys is there: none (the first option), or one of them.
    Group(Vec<Vec<String>>),
}

impl Question {
    fn options(&self) -> usize {
        match self {
            Question::Value { options, .. } => options.len(),
            Question::Group(groups) => groups.len() + 1,
        }
    }

    /// Whether these options are chosen by nothing but that the key is there: it need not be, then.
    fn is_chosen_by(&self, key: &str, with: &BTreeSet<usize>) -> bool {
        let is_chosen = |option: &usize| match self {
            Question::Value { .. } => false,
            Question::Group(groups) => {
                let group = option.checked_sub(1).map(|group| &groups[group]);
                group.is_some_and(|group| matches!(&**group, [only] if only == key))
            }
        };
        with.iter().all(is_chosen)
    }

    /// That a key goes with these options and no others.
    fn condition(&self, key: &str, with: &BTreeSet<usize>) -> Condition {
        match self {
            Question::Value { key, options } => Condition::OneOf {
                key: key.clone(),
                values: with.iter().map(|&option| options[option].clone()).collect(),
            },
            Question::Group(groups) => {
                let is_with = |group: usize| with.contains(&(group + 1));
                let all = |chosen: bool| {
                    let chosen = (0..groups.len()).filter(|&group| is_with(group) == chosen);
                    chosen.flat_map(|group| groups[group].clone()).collect::<Vec<_>>()
                };
                // That a key is there itself says nothing.
                match all(true) {
                    keys if with.contains(&0) || keys.iter().any(|one| one == key) => {
                        Condition::Without(all(false))
                    }
                    keys => Condition::With(keys),
                }
            }
        }
    }
}

/// One run of a function on a table of which nothing is known but what is to be chosen in it.
pub(super) struct Run {
    path: String,
    presentation: bool,
    /// The options to take; where it ends, the first one.
    script: Vec<usize>,
    /// What was chosen.
    choices: Vec<(Question, usize)>,
    /// What was asked for.
    found: Vec<KeyDescription>,
    /// How many parts were explored: tables within this one, and what is asked apart.
    parts: usize,
    /// What is in these, by their numbers and what was chosen before: the function does the same as often
    /// as the same is chosen, and need not be asked again.
    known: HashMap<(usize, Vec<usize>), Vec<KeyDescription>>,
}

impl Run {
    /// Notes a key, whose value is not known.
    pub fn value<Value>(
        &mut self,
        key: Key,
        kind: &impl Kind,
        presence: Presence,
    ) -> Option<Value> {
        self.note(key, kind.expected(), kind.described(), presence);
        None
    }

    /// Notes a key whose value is one of a closed set of names, and chooses one, by its position.
    pub fn choose(&mut self, key: Key, kind: &ChoiceKind<'_>, presence: Presence) -> usize {
        self.note(key, kind.expected(), kind.described(), presence);
        let options = kind.names().map(str::to_owned).collect();
        self.answer(Question::Value { key: join(&self.path, key.name()), options })
    }

    /// Chooses one of several groups of keys, or none.
    pub fn alternative(&mut self, groups: &[&[&str]]) -> Option<usize> {
        let keys = |group: &&[&str]| group.iter().map(|key| join(&self.path, key)).collect();
        let question = Question::Group(groups.iter().map(keys).collect());
        self.answer(question).checked_sub(1)
    }

    /// Notes a key whose value is a table, or several, and what is in them.
    pub fn table<Value>(
        &mut self,
        key: Key,
        value: Type,
        presence: Presence,
        read: impl FnMut(Run) -> Option<Run>,
    ) -> Option<Value> {
        let path = join(&self.path, key.name());
        let (path, expected) = match value {
            Type::TableArray => (format!("{path}[]"), format!("[[{path}]] tables")),
            Type::NamedTables => (path.clone(), format!("[{path}.{NAME}] tables")),
            _ => (path, "a table".into()),
        };
        self.note(key, expected, value, presence);
        self.within(path, read);
        None
    }

    /// Notes what is in a table that a config names.
    pub fn named<Value>(&mut self, read: impl FnMut(Run) -> Option<Run>) -> Option<Value> {
        self.within(join(&self.path, NAME), read);
        None
    }

    /// Notes what a function asks for in this table, on whose choices nothing else depends.
    pub fn apart<Value>(&mut self, read: impl FnMut(Run) -> Option<Run>) -> Option<Value> {
        self.within(self.path.clone(), read);
        None
    }

    /// Notes what a function asks for in the table at a path.
    fn within(&mut self, path: String, read: impl FnMut(Run) -> Option<Run>) {
        let chosen = self.choices.iter().map(|&(_, taken)| taken).collect();
        let keys = self.known.entry((self.parts, chosen));
        self.parts += 1;
        let keys = keys.or_insert_with(|| explore(path, self.presentation, read));
        self.found.extend_from_slice(keys);
    }

    /// Declares what follows to be presentation, or not; returns what held before.
    pub fn set_presentation(&mut self, presentation: bool) -> bool {
        std::mem::replace(&mut self.presentation, presentation)
    }

    fn note(&mut self, key: Key, expected: String, value: Type, presence: Presence) {
        self.found.push(KeyDescription {
            key: join(&self.path, key.name()),
            meaning: key.meaning(),
            expected,
            value,
            presence,
            conditions: Vec::new(),
            presentation: self.presentation,
        });
    }

    fn answer(&mut self, question: Question) -> usize {
        let option = self.script.get(self.choices.len()).copied().unwrap_or(0);
        self.choices.push((question, option));
        option
    }
}

/// What a function asks for in a table, whatever is chosen in it.
pub(super) fn explore(
    path: String,
    presentation: bool,
    mut read: impl FnMut(Run) -> Option<Run>,
) -> Vec<KeyDescription> {
    let mut runs: Vec<Run> = Vec::new();
    let mut script = Some(Vec::new());
    while let Some(options) = script {
        let known = runs.last_mut().map(|run| std::mem::take(&mut run.known)).unwrap_or_default();
        let run = Run {
            path: path.clone(),
            presentation,
            script: options,
            choices: Vec::new(),
            found: Vec::new(),
            parts: 0,
            known,
        };
        let run = read(run);
        script = run.as_ref().and_then(|run| next(&run.choices));
        runs.extend(run);
    }
    merge(&runs)
}

/// The options for the next run: the last choice that has another option takes it.
fn next(choices: &[(Question, usize)]) -> Option<Vec<usize>> {
    let last = choices.iter().rposition(|(question, taken)| taken + 1 < question.options())?;
    let mut script: Vec<usize> = choices[..=last].iter().map(|&(_, taken)| taken).collect();
    script[last] += 1;
    Some(script)
}

/// The keys of all runs, each with the choices that it goes with.
fn merge(runs: &[Run]) -> Vec<KeyDescription> {
    let mut keys = Keys::default();
    for (number, run) in runs.iter().enumerate() {
        let mut place = 0;
        for found in &run.found {
            place = keys.note(found, number, place);
        }
    }
    // Many keys are asked for in the same runs.
    let mut known: HashMap<&[usize], Vec<Vec<Rule<'_>>>> = HashMap::new();
    let mut described = Vec::new();
    for &index in &keys.order {
        let (key, with) = &keys.known[index];
        let products = known.entry(with).or_insert_with(|| {
            let with: Vec<&Run> = with.iter().map(|&number| &runs[number]).collect();
            products(&with, runs)
                .unwrap_or_else(|| panic!("{} goes with no product of choices", key.key))
        });
        described.extend(products.iter().map(|rules| conditional((*key).clone(), rules)));
    }
    described
}

/// The keys that runs found, each once.
#[derive(Default)]
struct Keys<'a> {
    /// With the numbers of the runs.
    known: Vec<(&'a KeyDescription, Vec<usize>)>,
    /// Where they are in `known`, by their names.
    named: HashMap<&'a str, Vec<usize>>,
    /// The same, in the order of the description.
    order: Vec<usize>,
}

impl<'a> Keys<'a> {
    /// Notes what a run found after what stands before this place in the order; returns the place after it.
    /// A key that only some runs have stands after the one that came before it there.
    fn note(&mut self, found: &'a KeyDescription, run: usize, place: usize) -> usize {
        let named = self.named.entry(&found.key).or_default();
        if let Some(&index) = named.iter().find(|&&index| self.known[index].0 == found) {
            let runs = &mut self.known[index].1;
            if runs.last() != Some(&run) {
                runs.push(run);
            }
            let place = self.order.iter().position(|&other| other == index);
            return place.expect("what is known has its place") + 1;
        }
        named.push(self.known.len());
        self.order.insert(place, self.known.len());
        self.known.push((found, vec![run]));
        place + 1
    }
}

/// The products of choices that some runs are made of: one, or several, told apart by the value of a key.
fn products<'a>(with: &[&'a Run], runs: &[Run]) -> Option<Vec<Vec<Rule<'a>>>> {
    if let Some(rules) = product(with, runs) {
        return Some(vec![rules]);
    }
    let question = telling(with)?;
    let mut parts: Vec<Vec<&Run>> = Vec::new();
    for option in 0..question.options() {
        let has = |run: &&Run| answer(run, question) == Some(option);
        let of: Vec<&Run> = with.iter().copied().filter(has).collect();
        let with_it =
            |part: &&mut Vec<&Run>| product(&[&part[..], &of[..]].concat(), runs).is_some();
        match parts.iter_mut().find(with_it) {
            _ if of.is_empty() => {}
            Some(part) => part.extend(of),
            None => parts.push(of),
        }
    }
    let all: Option<Vec<_>> = parts.iter().map(|part| products(part, runs)).collect();
    Some(all?.concat())
}

/// A key with the conditions under which it is asked for.
fn conditional(mut key: KeyDescription, rules: &[Rule<'_>]) -> KeyDescription {
    if key.presence == Presence::Required
        && rules.iter().any(|(question, with)| question.is_chosen_by(&key.key, with))
    {
        key.presence = Presence::Optional;
    }
    let outer = rules.iter().map(|(question, with)| question.condition(&key.key, with));
    // That none are missing says nothing but that it goes with what chooses it.
    let says_nothing = |one: &Condition| matches!(one, Condition::Without(keys) if keys.is_empty());
    let (empty, outer): (Vec<_>, Vec<_>) = outer.partition(says_nothing);
    if !empty.is_empty() && key.presence == Presence::Required {
        key.presence = Presence::Optional;
    }
    key.conditions = outer.into_iter().chain(key.conditions).collect();
    key
}

/// The choices that are these runs and no others, each made for itself.
fn product<'a>(with: &[&'a Run], runs: &[Run]) -> Option<Vec<Rule<'a>>> {
    let rules = conditions(with);
    let count = runs.iter().filter(|run| holds(&rules, run)).count();
    (count == with.len()).then_some(rules)
}

/// The first value that all of these runs were asked for, and that they do not have in common.
fn telling<'a>(with: &[&'a Run]) -> Option<&'a Question> {
    let questions = with.first()?.choices.iter().map(|(question, _)| question);
    let differs = |question: &&Question| {
        let answers: Option<BTreeSet<usize>> =
            with.iter().map(|run| answer(run, question)).collect();
        matches!(question, Question::Value { .. }) && answers.is_some_and(|all| all.len() > 1)
    };
    { questions }.find(differs)
}

type Rule<'a> = (&'a Question, BTreeSet<usize>);

/// The questions that were asked in all runs with a key, and answered in some ways only.
fn conditions<'a>(with: &[&'a Run]) -> Vec<Rule<'a>> {
    let mut rules = Vec::new();
    for (question, _) in with.first().map_or(&[][..], |run| &run.choices) {
        let answers: Option<BTreeSet<usize>> =
            with.iter().map(|run| answer(run, question)).collect();
        if let Some(answers) = answers.filter(|answers| answers.len() < question.options()) {
            rules.push((question, answers));
        }
    }
    rules
}

/// Whether the rules hold in a run.
fn holds(rules: &[Rule<'_>], run: &Run) -> bool {
    rules.iter().all(|(question, answers)| {
        answer(run, question).is_some_and(|answer| answers.contains(&answer))
    })
}

fn answer(run: &Run, question: &Question) -> Option<usize> {
    run.choices.iter().find(|(asked, _)| asked == question).map(|&(_, answer)| answer)
}
