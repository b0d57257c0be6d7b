//! Options that hand over a program, where no value may stand behind them.

use super::CommandError;
use super::carriers::Carriers;
use super::choosers::behind;
use super::programs::{BY_SHELL, GIT_SETTINGS, is_told, takes_code};
use super::scan::refused;
use super::words::Word;

/// Whether no value is behind an option that hands over a program, in a word of its own or in the same.
pub(super) fn check_options(
    words: &[&Word],
    names: &[&str],
    program: Option<usize>,
    programs: &[usize],
    carriers: &Carriers<'_>,
) -> Result<(), CommandError> {
    let Some(first) = program else { return Ok(()) };
    for at in first + 1..words.len() {
        let Some(value) = carriers.carried(words[at]) else { continue };
        let before = carriers.before(words[at]);
        let option = if before.starts_with('-') { before } else { words[at - 1].plain.as_str() };
        let option = match option.split_once('=') {
            Some((option, _)) => option,
            // `-c'run $x'`: a text of several words behind a letter.
            None if option.contains(char::is_whitespace) => option.get(..2).unwrap_or(option),
            None => option,
        };
        if !option.starts_with('-') {
            continue;
        }
        let is_told = |program: &usize| {
            let has = |command: &str| behind(names, *program, &[command]).is_some();
            *program < at && is_told(names[*program], has, option)
        };
        // Behind `docker exec app tool` it is the tool that knows.
        let first = programs.iter().copied().filter(|program| *program < at).max().unwrap_or(first);
        let is_setting = names[first] == "git" && GIT_SETTINGS.iter().any(|known| before.starts_with(known));
        // It is enough that one of the words before is a program that knows the option for data.
        let takes = |name: usize| {
            let is_its_own = !names[name..at].contains(&"--");
            let (known, next) = if is_its_own { (names[name], names.get(name + 1).copied()) } else { ("", None) };
            takes_code(known, next.unwrap_or_default(), option)
        };
        if programs.iter().any(is_told) || !is_setting && (first..at).all(takes) {
            let place = format!("behind `{option}`, with which programs are told what to run");
            return Err(refused(&value, &place, BY_SHELL));
        }
    }
    Ok(())
}
