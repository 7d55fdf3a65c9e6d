//! Exact numbers, as people and LaTeX write them.

/// A rational number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number {
    numerator: i128,
    /// Positive.
    denominator: i128,
    /// Less than a dollar, so that it may also be given in cents.
    is_cents: bool,
}

impl Number {
    fn new(numerator: i128, denominator: i128) -> Option<Self> {
        (denominator > 0).then_some(Self {
            numerator,
            denominator,
            is_cents: false,
        })
    }

    fn plus(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Self::new(
            left.checked_add(right)?,
            self.denominator.checked_mul(other.denominator)?,
        )
    }

    fn over(self, other: Self) -> Option<Self> {
        Self::new(
            self.numerator.checked_mul(other.denominator)?,
            self.denominator.checked_mul(other.numerator)?,
        )
    }

    /// Whether it equals `wanted` up to a relative tolerance. `$0.50` is also 50.
    pub(crate) fn is_near(self, wanted: Self, tolerance: f64) -> bool {
        let cents = self
            .numerator
            .checked_mul(100)
            .filter(|_| self.is_cents && !wanted.is_cents);
        let cents = cents.and_then(|cents| Self::new(cents, self.denominator));
        self.equals(wanted, tolerance) || cents.is_some_and(|cents| cents.equals(wanted, tolerance))
    }

    fn equals(self, wanted: Self, tolerance: f64) -> bool {
        let left = self.numerator.checked_mul(wanted.denominator);
        let right = wanted.numerator.checked_mul(self.denominator);
        if left.is_some() && left == right {
            return true;
        }
        let (given, wanted) = (self.value(), wanted.value());
        tolerance > 0.0 && (given - wanted).abs() <= tolerance * wanted.abs()
    }

    fn value(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

/// All numbers of a text in order: `-3`, `1,234.50`, `.5`, `3/4`, `1 1/2`, `\frac{3}{4}`. Units,
/// including percent signs, are ignored, except cents.
pub(crate) fn numbers(text: &str) -> Vec<Number> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if let Some((number, end)) = next(text, at) {
            found.push(number);
            at = end;
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    found
}

/// The number that begins exactly at `start`, if there is one, and its end.
fn next(text: &str, start: usize) -> Option<(Number, usize)> {
    let before = text[..start].chars().next_back();
    // Digits inside a word, as in `x2`, are part of a name.
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let (sign, unsigned) = sign(&text[start..], before);
    let at = start + unsigned;
    let (number, length) = latex_fraction(&text[at..]).or_else(|| with_fraction(&text[at..]))?;
    let number = if sign {
        Number::new(-number.numerator, number.denominator)?
    } else {
        number
    };
    let is_cents = text[..at].ends_with('$') && number.numerator.abs() < number.denominator;
    Some((Number { is_cents, ..number }, at + length))
}

/// Whether a minus sign comes first, and how many bytes come before the digits. After another
/// operand, a minus subtracts.
fn sign(text: &str, before: Option<char>) -> (bool, usize) {
    let minus = ['-', '\u{2212}']
        .into_iter()
        .find(|minus| text.starts_with(*minus));
    let Some(minus) =
        minus.filter(|_| !before.is_some_and(|c| c.is_alphanumeric() || ")]}.%".contains(c)))
    else {
        return (false, 0);
    };
    let currency = text[minus.len_utf8()..]
        .chars()
        .next()
        .filter(|c| "$€£".contains(*c));
    (true, minus.len_utf8() + currency.map_or(0, char::len_utf8))
}

/// `\frac{3}{4}`, also as `\dfrac` and `\tfrac`.
fn latex_fraction(text: &str) -> Option<(Number, usize)> {
    let command = ["\\frac{", "\\dfrac{", "\\tfrac{"]
        .into_iter()
        .find(|command| text.starts_with(command))?;
    let (above, rest) = text[command.len()..].split_once("}{")?;
    let (below, _) = rest.split_once('}')?;
    let whole = |text: &str| {
        decimal(text)
            .filter(|(_, length)| *length == text.len())
            .map(|(number, _)| number)
    };
    let number = whole(above)?.over(whole(below)?)?;
    Some((number, command.len() + above.len() + 2 + below.len() + 1))
}

/// A decimal, a fraction of two, or both: `1 1/2`.
fn with_fraction(text: &str) -> Option<(Number, usize)> {
    let (first, length) = decimal(text)?;
    let over = |first: Number, length: usize| {
        let rest = text[length..].strip_prefix('/')?;
        let (below, more) = decimal(rest)?;
        Some((first.over(below)?, length + 1 + more))
    };
    if let Some(fraction) = over(first, length) {
        return Some(fraction);
    }
    let mixed = text[length..].strip_prefix(' ').and_then(|rest| {
        let (above, more) = decimal(rest)?;
        let (fraction, end) = over(above, length + 1 + more)?;
        let is_part = first.denominator == 1 && fraction.numerator < fraction.denominator;
        is_part.then_some((first.plus(fraction)?, end))
    });
    mixed.or(Some((first, length)))
}

/// Digits, with optional groups of three (`1,234` or `1 234`) and an optional decimal fraction.
fn decimal(text: &str) -> Option<(Number, usize)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut whole = digits(text);
    let mut integer = text[..whole].to_owned();
    if (1..=3).contains(&whole) {
        let separator = text[whole..]
            .chars()
            .next()
            .filter(|c| [',', ' '].contains(c));
        while separator.is_some_and(|separator| text[whole..].starts_with(separator))
            && digits(&text[whole + 1..]) == 3
        {
            integer.push_str(&text[whole + 1..whole + 4]);
            whole += 4;
        }
    }
    let decimals = if text[whole..].starts_with('.') {
        digits(&text[whole + 1..])
    } else {
        0
    };
    if whole + decimals == 0 {
        return None;
    }
    let fraction = if decimals > 0 {
        &text[whole + 1..whole + 1 + decimals]
    } else {
        ""
    };
    let numerator = format!("{integer}{fraction}").parse().ok()?;
    let number = Number::new(
        numerator,
        10_i128.checked_pow(u32::try_from(decimals).ok()?)?,
    )?;
    Some((number, whole + if decimals > 0 { decimals + 1 } else { 0 }))
}
