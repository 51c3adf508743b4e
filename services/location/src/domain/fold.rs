//! Spelling is folded before it is compared, so that `Bhilāi`, `BHILAI` and `bhilai` are one name, and so
//! are `मुम्बई` and `मुंबई`.

use unicode_normalization::UnicodeNormalization;

/// A name as it is compared: without marks above and below Latin letters, in small letters, without nukta,
/// with a written-out nasal before its own class of consonants as anusvara, words parted by one space.
pub(crate) fn fold(text: &str) -> String {
    let plain: Vec<char> = text
        .nfkd()
        .filter(|c| {
            !matches!(
                c,
                '\u{300}'..='\u{36F}' | '\u{93C}' | '\u{200C}' | '\u{200D}' | '\'' | '’' | '‘' | 'ʼ'
            )
        })
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_alphanumeric() || is_sign(c) { c } else { ' ' })
        .collect();
    let mut folded = String::with_capacity(text.len());
    let mut rest = plain.as_slice();
    while let [first, tail @ ..] = rest {
        if let [VIRAMA, next, ..] = tail
            && is_homorganic(*first, *next)
        {
            folded.push(ANUSVARA);
            rest = &tail[1..];
            continue;
        }
        if *first != ' ' || !(folded.is_empty() || folded.ends_with(' ')) {
            folded.push(*first);
        }
        rest = tail;
    }
    folded.truncate(folded.trim_end().len());
    folded
}

const VIRAMA: char = '\u{94D}';
const ANUSVARA: char = '\u{902}';

/// Vowel signs and the like of Devanagari, which are not letters to Unicode but part of a word.
fn is_sign(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{903}' | '\u{93A}'..='\u{94F}' | '\u{955}'..='\u{957}' | '\u{962}' | '\u{963}')
}

/// Whether `nasal` is the nasal of the class that `consonant` belongs to, as `म` is for `ब`.
fn is_homorganic(nasal: char, consonant: char) -> bool {
    match nasal {
        'ङ' => ('क'..='घ').contains(&consonant),
        'ञ' => ('च'..='झ').contains(&consonant),
        'ण' => ('ट'..='ढ').contains(&consonant),
        'न' => ('त'..='ध').contains(&consonant),
        'म' => ('प'..='भ').contains(&consonant),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn spellings_of_one_name_fold_to_one() {
        assert_eq!(fold("Bhilāi"), fold("BHILAI"));
        assert_eq!(fold("मुम्बई"), fold("मुंबई"));
        assert_eq!(fold("किशनगढ़"), fold("किशनगढ"));
        assert_eq!(fold("  Sri-Ganganagar "), "sri ganganagar");
        assert_ne!(fold("सूरत"), fold("सरत"), "vowel signs tell names apart");
    }
}
