//! Where a value would name a variable, be computed with, or be in a variable that decides what runs.

use super::CommandError;
use super::carriers::{Carriers, READERS, names_in, variable_shown};
use super::deciding::is_deciding;
use super::programs::COMPUTING;
use super::rules::{BEFORE, base};
use super::scan::refused;
use super::words::{Commands, Word};

/// Builtins whose words are names of variables. With `a[$(…)]` for a name some shells run what is in it.
const NAMING: [&str; 9] = ["export", "readonly", "local", "read", "unset", "mapfile", "readarray", "getopts", "enable"];
/// Builtins that make variables with which the shell computes, or that stand for others.
const MAKING: [&str; 5] = ["declare", "typeset", "local", "export", "readonly"];

const IN_ENV: &str = "write its value out, or take a name of your own";

/// Whether nothing is computed with a value, or with a variable that has the name of one in it.
pub(super) fn check_computing(commands: &Commands, carriers: &Carriers<'_>) -> Result<(), CommandError> {
    commands.computed.iter().try_for_each(|name| check_computed(name, carriers))?;
    let deciding = commands.defaults.iter().find(|(to, from)| is_deciding(to) && carriers.carries(from));
    match deciding {
        Some((to, _)) => Err(refused(&variable_shown(to), "where it decides what programs do", IN_ENV)),
        None => Ok(()),
    }
}

/// Whether the shell may compute with a name.
fn check_computed(name: &str, carriers: &Carriers<'_>) -> Result<(), CommandError> {
    if !carriers.carries(name) && !carriers.points(name) {
        return Ok(());
    }
    let advice = "some shells run what is in it; compute in `${…}`, which does so without the shell";
    Err(refused(&variable_shown(name), "where the shell computes with it or takes it for a name", advice))
}

/// Whether a command neither computes with a value nor takes one for a name. `first` is its program.
pub(super) fn check(
    words: &[&Word],
    first: &str,
    program: Option<usize>,
    carriers: &Carriers<'_>,
) -> Result<(), CommandError> {
    // `eval "echo \$$A"`: what it runs may have a variable where a name was.
    if let Some(name) = words.iter().find_map(|word| carriers.pointed(word)).filter(|_| first == "eval") {
        check_computed(name, carriers)?;
    }
    if COMPUTING.contains(&first) {
        let names = || words.iter().flat_map(|word| names_in(&word.plain));
        let carrying = names().find(|name| carriers.carries(name));
        carrying.into_iter().chain(names()).try_for_each(|name| check_computed(name, carriers))?;
    }
    let are_names = NAMING.contains(&first) || ["printf", "test", "["].contains(&first);
    for (at, word) in words.iter().enumerate() {
        let is_front = program.is_none_or(|program| at <= program);
        if let Some(inside) = word.subscript().filter(|_| is_front || are_names) {
            names_in(inside).try_for_each(|name| check_computed(name, carriers))?;
        }
    }
    let makes = |word: &&Word| word.plain.starts_with(['-', '+']) && word.plain.contains(['i', 'n']);
    if MAKING.contains(&first) && carriers.has_any() && words.iter().any(makes) && first != "export" {
        let place = "in a line with values from elsewhere, with which the shell would compute";
        return Err(refused(&format!("`{first}` with `-i` or `-n`"), place, "leave it out"));
    }
    check_set(words, first, carriers)?;
    check_assignments(words, first, carriers)?;
    check_names(words, program, carriers)
}

/// Whether no builtin gives a value to a variable that decides what runs, or hands one on.
fn check_set(words: &[&Word], first: &str, carriers: &Carriers<'_>) -> Result<(), CommandError> {
    let named = words.iter().map(|word| word.plain.as_str());
    let set = match first {
        "for" | "select" => named.skip_while(|word| *word != first).nth(1),
        "printf" => named.skip_while(|word| *word != "-v").nth(1),
        _ if NAMING.contains(&first) || MAKING.contains(&first) || READERS.contains(&first) => {
            let mut named = named;
            named.find(|name| is_deciding(name) && carriers.carries(name))
        }
        _ => None,
    };
    match set.filter(|name| is_deciding(name) && carriers.carries(name)) {
        Some(name) => Err(refused(&variable_shown(name), "where it decides what programs do", IN_ENV)),
        None => Ok(()),
    }
}

/// Whether no value is in a variable that decides what runs.
fn check_assignments(words: &[&Word], first: &str, carriers: &Carriers<'_>) -> Result<(), CommandError> {
    let mut assigns_all = NAMING.contains(&first) || COMPUTING.contains(&first);
    let mut is_front = true;
    for word in words {
        let name = word.assigns();
        if let (Some(name), Some(value)) = (name, carriers.carried(word))
            && (is_front || assigns_all)
            && is_deciding(name)
        {
            return Err(refused(&value, &format!("in {name}, which decides what programs do"), IN_ENV));
        }
        assigns_all |= ["env", "sudo", "doas"].contains(&base(&word.plain));
        is_front &= name.is_some() || BEFORE.contains(&word.plain.as_str());
    }
    Ok(())
}

/// Whether no value is the name of a variable.
fn check_names(words: &[&Word], program: Option<usize>, carriers: &Carriers<'_>) -> Result<(), CommandError> {
    let Some(at) = program else { return Ok(()) };
    let behind = &words[at + 1..];
    let named = match base(&words[at].plain) {
        name if NAMING.contains(&name) => {
            behind.iter().find(|word| word.assigns().is_none() && carriers.carried(word).is_some())
        }
        "printf" | "test" | "[" => behind
            .windows(2)
            .find(|pair| pair[0].plain == "-v" && carriers.carried(pair[1]).is_some())
            .map(|pair| &pair[1]),
        "for" | "select" => behind.first().filter(|word| carriers.carried(word).is_some()),
        _ => None,
    };
    match named.and_then(|word| carriers.carried(word)) {
        Some(value) => Err(refused(&value, "where it names a variable", "write the name out")),
        None => Ok(()),
    }
}
