//! "Did you mean": the known word nearest to a misspelt one.

/// Words longer than this are no misspelling of any key here.
const WORD_MAX_CHARS: usize = 40;

/// The known word that is at most a third of its letters away, upper and lower case not counting.
pub fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(WORD_MAX_CHARS + 1).flat_map(char::to_lowercase).collect();
    if word.len() > WORD_MAX_CHARS {
        return None;
    }
    known
        .iter()
        .map(|known| (distance(&word, &known.to_lowercase().chars().collect::<Vec<_>>()), *known))
        .filter(|(distance, known)| *distance <= (known.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Letters to add, drop, change or swap with their neighbour (Damerau-Levenshtein, optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_misspelt_word_finds_its_neighbour() {
        let known = ["secret", "sessionKey", "path", "enabled"];
        for (word, expected) in [
            ("secert", Some("secret")),
            ("sessionkey", Some("sessionKey")),
            ("session_key", Some("sessionKey")),
            ("pth", Some("path")),
            ("token", None),
            ("", None),
        ] {
            assert_eq!(closest(word, &known), expected, "{word}");
        }
        assert_eq!(closest(&"x".repeat(1_000_000), &known), None);
    }
}
