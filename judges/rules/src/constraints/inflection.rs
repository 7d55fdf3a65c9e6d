//! English inflection: whether a word is a form of a base word.
//!
//! Plurals and verb forms only; `worker` is not a form of `work`. Regular forms follow spelling
//! rules that also allow some words that do not exist.

/// Whether `word` is an inflected form of `base`; both in lower case.
pub(super) fn is_form_of(word: &str, base: &str) -> bool {
    word == base || is_irregular(word, base) || is_regular(word, base)
}

fn is_irregular(word: &str, base: &str) -> bool {
    IRREGULAR.lines().any(|line| {
        let mut forms = line.split(' ');
        forms.next() == Some(base) && forms.any(|form| form == word)
    })
}

fn is_regular(word: &str, base: &str) -> bool {
    let ending = |stem: &str, endings: &[&str]| {
        word.strip_prefix(stem)
            .is_some_and(|rest| endings.contains(&rest))
    };
    if ending(base, &["s", "es", "ed", "ing"]) {
        return true;
    }
    let changed = match base.as_bytes() {
        [.., b'i', b'e'] => ending(&base[..base.len() - 2], &["ying"]) || ending(base, &["d"]),
        [.., b'e'] => ending(&base[..base.len() - 1], &["ed", "ing"]),
        [.., b'y'] => ending(&base[..base.len() - 1], &["ies", "ied"]),
        _ => false,
    };
    changed || doubles(word, base)
}

/// `swimming`: a doubled consonant after a vowel.
fn doubles(word: &str, base: &str) -> bool {
    let [.., b'a' | b'e' | b'i' | b'o' | b'u', last] = base.as_bytes() else {
        return false;
    };
    if !last.is_ascii_lowercase() || b"aeiouwxy".contains(last) {
        return false;
    }
    let rest = word
        .strip_prefix(base)
        .and_then(|rest| rest.strip_prefix(char::from(*last)));
    rest.is_some_and(|rest| ["ed", "ing"].contains(&rest))
}

/// Each base, followed by its irregular forms.
const IRREGULAR: &str = "\
be am is are was were been being
bear bore borne born
beat beaten
become became
begin began begun
bend bent
bind bound
bite bit bitten
bleed bled
blow blew blown
break broke broken
bring brought
build built
burn burnt
buy bought
calf calves
catch caught
child children
choose chose chosen
cling clung
come came
creep crept
deal dealt
dig dug
do did done does
draw drew drawn
dream dreamt
drink drank drunk
drive drove driven
eat ate eaten
elf elves
fall fell fallen
feed fed
feel felt
fight fought
find found
flee fled
fling flung
fly flew flown
foot feet
forget forgot forgotten
forgive forgave forgiven
freeze froze frozen
get got gotten
give gave given
go went gone
goose geese
grind ground
grow grew grown
half halves
hang hung
have had has
hear heard
hide hid hidden
hold held
hoof hooves
keep kept
kneel knelt
knife knives
know knew known
lay laid
lead led
leaf leaves
lean leant
leap leapt
learn learnt
leave left
lend lent
lie lay lain
life lives
light lit
loaf loaves
lose lost
make made
man men
mean meant
meet met
mouse mice
mow mown
pay paid
person people
prove proven
ride rode ridden
ring rang rung
rise rose risen
run ran
saw sawn
say said
scarf scarves
see saw seen
seek sought
sell sold
send sent
sew sewn
shake shook shaken
shave shaven
shear shorn
shelf shelves
shine shone
shoot shot
show shown
shrink shrank shrunk
sing sang sung
sink sank sunk
sit sat
sleep slept
slide slid
sling slung
snowman snowmen
sow sown
speak spoke spoken
spell spelt
spend spent
spill spilt
spin spun
spit spat
spring sprang sprung
stand stood
steal stole stolen
stick stuck
sting stung
stink stank stunk
strike struck
string strung
swear swore sworn
sweep swept
swim swam swum
swing swung
take took taken
teach taught
tear tore torn
tell told
think thought
thief thieves
throw threw thrown
tooth teeth
tread trod trodden
understand understood
wake woke woken
wear wore worn
weave wove woven
weep wept
wife wives
win won
wind wound
wolf wolves
woman women
write wrote written
fireman firemen
policeman policemen
fisherman fishermen";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_inflections_and_not_derivations() {
        for (word, base) in [
            ("walk", "walk"),
            ("walks", "walk"),
            ("washes", "wash"),
            ("carried", "carry"),
            ("placing", "place"),
            ("placed", "place"),
            ("tying", "tie"),
            ("tied", "tie"),
            ("chopped", "chop"),
            ("swimming", "swim"),
            ("swam", "swim"),
            ("knives", "knife"),
            ("mixing", "mix"),
        ] {
            assert!(is_form_of(word, base), "{word} of {base}");
        }
        for (word, base) in [
            ("worker", "work"),
            ("swimmer", "swim"),
            ("cart", "car"),
            ("began", "gin"),
            ("mixxed", "mix"),
        ] {
            assert!(!is_form_of(word, base), "{word} of {base}");
        }
    }
}
