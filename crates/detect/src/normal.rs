//! A rule as written, into one that the engine takes for what the specification means.
//!
//! Where the engine and the specification differ, the rule is written anew with what both agree on: wildcards that
//! cross lines, nothing among several values, `windash`, `base64offset`, keywords that are numbers or all meant. What
//! cannot be had is refused with a reason, never passed over.

use rsigma_parser::{
    ConditionExpr, Detection, DetectionItem, FieldSpec, Modifier, Quantifier, SigmaRule, SigmaString, SigmaValue,
    SpecialChar, StringPart,
};

use crate::encoding;

/// How a value is compared that is neither pattern, network, number nor another field.
const TEXT_MODIFIERS: [Modifier; 9] = [
    Modifier::Contains,
    Modifier::StartsWith,
    Modifier::EndsWith,
    Modifier::All,
    Modifier::Cased,
    Modifier::WindAsh,
    Modifier::Neq,
    Modifier::Base64,
    Modifier::Base64Offset,
];
/// A shorter text guards nothing.
const GUARD_BYTES_MIN: usize = 3;
const UTF16: [Modifier; 3] = [Modifier::Wide, Modifier::Utf16, Modifier::Utf16be];

/// Rewrites a rule, or says why it cannot be used.
pub(crate) fn normalise(rule: &mut SigmaRule) -> Result<(), String> {
    if rule.detection.timeframe.is_some() {
        return Err("`timeframe` counts nothing here: write a correlation".to_owned());
    }
    for condition in &rule.detection.conditions {
        check(
            condition,
            &rule.detection.named.keys().map(String::as_str).collect::<Vec<_>>(),
        )?;
    }
    for detection in rule.detection.named.values_mut() {
        let old = std::mem::replace(detection, Detection::AllOf(Vec::new()));
        *detection = rewrite(old)?;
    }
    Ok(())
}

/// `all of x*` is true of everything where there is no `x*`.
fn check(condition: &ConditionExpr, names: &[&str]) -> Result<(), String> {
    match condition {
        ConditionExpr::Identifier(_) => Ok(()),
        ConditionExpr::And(parts) | ConditionExpr::Or(parts) => parts.iter().try_for_each(|part| check(part, names)),
        ConditionExpr::Not(inner) => check(inner, names),
        ConditionExpr::Selector { quantifier, pattern } => {
            if *quantifier == Quantifier::All && !names.iter().any(|name| pattern.matches_detection_name(name)) {
                return Err("its condition asks for all of something of which there is nothing".to_owned());
            }
            Ok(())
        }
    }
}

fn rewrite(detection: Detection) -> Result<Detection, String> {
    let each = |parts: Vec<Detection>| parts.into_iter().map(rewrite).collect::<Result<Vec<_>, _>>();
    Ok(match detection {
        Detection::AllOf(items) => {
            let parts = items.into_iter().map(rewrite_item).collect::<Result<Vec<_>, _>>()?;
            all_of(parts)
        }
        Detection::AnyOf(parts) => Detection::AnyOf(each(parts)?),
        Detection::And(parts) => Detection::And(each(parts)?),
        Detection::Keywords(values) => keywords(values),
        Detection::ArrayMatch {
            ref field, ref body, ..
        } if names_fields(body) => {
            return Err(format!(
                "{field}[…] asks for several fields of one element: lists of objects are taken apart into fields here"
            ));
        }
        other => other,
    })
}

fn names_fields(body: &Detection) -> bool {
    match body {
        Detection::AllOf(items) => items.iter().any(|item| item.field.name.is_some()),
        Detection::AnyOf(parts) | Detection::And(parts) => parts.iter().any(names_fields),
        Detection::Keywords(_) => false,
        Detection::ArrayMatch { .. } => true,
        Detection::Conditional { named, .. } => named.values().any(names_fields),
    }
}

/// All parts at once, in the simplest form.
fn all_of(parts: Vec<Detection>) -> Detection {
    let (mut items, mut others) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Detection::AllOf(more) => items.extend(more),
            other => others.push(other),
        }
    }
    if others.is_empty() {
        return Detection::AllOf(items);
    }
    if !items.is_empty() {
        others.insert(0, Detection::AllOf(items));
    }
    if others.len() == 1 {
        others.remove(0)
    } else {
        Detection::And(others)
    }
}

fn any_of(mut parts: Vec<Detection>) -> Detection {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        Detection::AnyOf(parts)
    }
}

fn rewrite_item(item: DetectionItem) -> Result<Detection, String> {
    let has = |modifier: Modifier| item.field.has_modifier(modifier);
    let field = item.field.name.as_deref().unwrap_or("a keyword");
    if has(Modifier::Expand) {
        return Err(format!(
            "{field}|expand: placeholders are not filled in here: write the values"
        ));
    }
    let base64 = has(Modifier::Base64) || has(Modifier::Base64Offset);
    if UTF16.into_iter().any(has) && !base64 {
        return Err(format!(
            "{field}: UTF-16 is a step before base64 or base64offset, and means nothing by itself"
        ));
    }
    let wild = |value: &SigmaValue| matches!(value, SigmaValue::String(text) if text.contains_wildcards());
    if base64 && item.values.iter().any(wild) {
        return Err(format!("{field}: what is encoded as base64 has no wildcards"));
    }
    let is_text = |modifier: &Modifier| TEXT_MODIFIERS.contains(modifier) || UTF16.contains(modifier);
    if !item.field.modifiers.iter().all(is_text) || has(Modifier::All) && has(Modifier::Neq) {
        return Ok(Detection::AllOf(vec![item]));
    }
    if item.field.name.is_none() && item.field.modifiers == [Modifier::All] {
        let each = item.values.into_iter().map(|value| keywords(vec![value]));
        return Ok(all_of(each.collect()));
    }
    Ok(split(item))
}

/// Values that are compared in one way.
struct Test {
    modifiers: Vec<Modifier>,
    values: Vec<SigmaValue>,
    /// Of a pattern: text that stands in whatever it matches. The engine finds that at once, and the pattern slowly.
    guard: Option<String>,
}

impl Test {
    fn new(modifiers: Vec<Modifier>, values: Vec<SigmaValue>) -> Self {
        Self {
            modifiers,
            values,
            guard: None,
        }
    }

    /// It asks for nothing, which is found where there is no field only when it is asked for by itself.
    fn is_null(&self) -> bool {
        self.values == [SigmaValue::Null]
    }

    fn joins(&self, other: &Self) -> bool {
        let alone = |test: &Self| test.guard.is_some() || test.is_null();
        self.modifiers == other.modifiers && !alone(self) && !alone(other)
    }

    fn detection(self, name: Option<&str>) -> Detection {
        let item = |modifiers: Vec<Modifier>, values| DetectionItem {
            field: FieldSpec::new(name.map(str::to_owned), modifiers),
            values,
        };
        let guard = self.guard.filter(|_| !self.modifiers.contains(&Modifier::Neq));
        let guard = guard.map(|text| item(vec![Modifier::Contains], vec![SigmaValue::from_raw_string(&text)]));
        Detection::AllOf(guard.into_iter().chain([item(self.modifiers, self.values)]).collect())
    }
}

fn split(item: DetectionItem) -> Detection {
    let FieldSpec { name, modifiers } = item.field;
    let detection = |test: Test| test.detection(name.as_deref());
    let all = modifiers.contains(&Modifier::All);
    let each: Vec<Modifier> = modifiers.iter().copied().filter(|one| *one != Modifier::All).collect();
    let tests = item.values.into_iter().map(|value| tests_of(value, &each));
    if all {
        let every = tests.map(|tests| any_of(tests.into_iter().map(detection).collect()));
        return join(all_of(every.collect()));
    }
    let mut groups: Vec<Test> = Vec::new();
    for test in tests.flatten() {
        match groups.iter_mut().find(|group| group.joins(&test)) {
            Some(group) => group.values.extend(test.values),
            None => groups.push(test),
        }
    }
    let parts: Vec<_> = groups.into_iter().map(detection).collect();
    // Not any of the values is none of them.
    if each.contains(&Modifier::Neq) {
        all_of(parts)
    } else {
        any_of(parts)
    }
}

/// Items of the same field and modifiers with one value each, as one item with all of them.
fn join(detection: Detection) -> Detection {
    let Detection::AllOf(items) = detection else {
        return detection;
    };
    let mut joined: Vec<DetectionItem> = Vec::new();
    for item in items {
        let like = |have: &&mut DetectionItem| {
            let modifiers = have.field.modifiers.iter().filter(|one| **one != Modifier::All);
            item.values.len() == 1 && modifiers.eq(&item.field.modifiers)
        };
        match joined.iter_mut().find(like) {
            Some(have) if have.values.len() == 1 || have.field.has_modifier(Modifier::All) => {
                if have.values.len() == 1 {
                    have.field.modifiers.push(Modifier::All);
                }
                have.values.extend(item.values);
            }
            _ => joined.push(item),
        }
    }
    Detection::AllOf(joined)
}

/// What one value comes to: any of these.
fn tests_of(value: SigmaValue, modifiers: &[Modifier]) -> Vec<Test> {
    let SigmaValue::String(text) = value else {
        return vec![Test::new(modifiers.to_vec(), vec![value])];
    };
    let without =
        |gone: &[Modifier]| -> Vec<Modifier> { modifiers.iter().copied().filter(|one| !gone.contains(one)).collect() };
    if modifiers.contains(&Modifier::Base64Offset) {
        let mut rest = without(&[Modifier::Base64Offset, Modifier::StartsWith, Modifier::EndsWith]);
        rest.retain(|one| !UTF16.contains(one) && *one != Modifier::WindAsh);
        if !rest.contains(&Modifier::Contains) {
            rest.push(Modifier::Contains);
        }
        let bytes = encoding::bytes(&text.as_plain().unwrap_or_default(), modifiers);
        let patterns = encoding::base64_offsets(&bytes);
        return vec![Test::new(
            rest,
            patterns.iter().map(|text| SigmaValue::from_raw_string(text)).collect(),
        )];
    }
    if modifiers.contains(&Modifier::Base64) {
        return vec![Test::new(modifiers.to_vec(), vec![SigmaValue::String(text)])];
    }
    let rest = without(&[Modifier::WindAsh]);
    let texts = if rest.len() < modifiers.len() {
        encoding::windash(&text.parts)
    } else {
        vec![text.parts]
    };
    texts.iter().map(|parts| wildcards(parts, &rest)).collect()
}

/// A text with wildcards, by comparisons in which they mean any characters, line ends among them.
fn wildcards(parts: &[StringPart], modifiers: &[Modifier]) -> Test {
    let has = |modifier| modifiers.contains(&modifier);
    let mut start = !has(Modifier::Contains) && !has(Modifier::EndsWith);
    let mut end = !has(Modifier::Contains) && !has(Modifier::StartsWith);
    let many = |part: Option<&StringPart>| part == Some(&StringPart::Special(SpecialChar::WildcardMulti));
    let mut rest = parts;
    while many(rest.first()) {
        (rest, start) = (&rest[1..], false);
    }
    while many(rest.last()) {
        (rest, end) = (&rest[..rest.len() - 1], false);
    }
    let operators = [Modifier::Contains, Modifier::StartsWith, Modifier::EndsWith];
    let mut others: Vec<Modifier> = modifiers
        .iter()
        .copied()
        .filter(|one| !operators.contains(one))
        .collect();
    let plain: Option<String> = rest.iter().map(literal).collect();
    if let Some(plain) = plain.filter(|plain| !plain.is_empty() || rest.len() == parts.len()) {
        match (start, end) {
            (true, true) => {}
            (true, false) => others.push(Modifier::StartsWith),
            (false, true) => others.push(Modifier::EndsWith),
            (false, false) => others.push(Modifier::Contains),
        }
        return Test::new(others, vec![SigmaValue::from_raw_string(&plain)]);
    }
    let pattern: String = rest.iter().map(encoding::pattern).collect();
    let (first, last) = (if start { "^" } else { "" }, if end { "$" } else { "" });
    others.push(Modifier::Re);
    others.push(Modifier::DotAll);
    if !has(Modifier::Cased) {
        others.push(Modifier::IgnoreCase);
    }
    others.retain(|one| *one != Modifier::Cased);
    let longest = rest.iter().filter_map(literal).max_by_key(|text| text.len());
    let value = SigmaValue::from_raw_string(&format!("{first}{pattern}{last}"));
    Test {
        guard: longest.filter(|text| text.len() >= GUARD_BYTES_MIN).map(str::to_owned),
        ..Test::new(others, vec![value])
    }
}

fn literal(part: &StringPart) -> Option<&str> {
    match part {
        StringPart::Plain(text) => Some(text),
        StringPart::Special(_) => None,
    }
}

/// Words to be found anywhere in an event: numbers as they are written, wildcards as patterns.
fn keywords(values: Vec<SigmaValue>) -> Detection {
    let (mut plain, mut others) = (Vec::new(), Vec::new());
    for value in values {
        let text = match value {
            SigmaValue::String(text) => text,
            other => SigmaString::from_raw(&other.to_string()),
        };
        let found = wildcards(&text.parts, &[Modifier::Contains]);
        if found.modifiers == [Modifier::Contains] {
            plain.extend(found.values);
        } else {
            others.push(found.detection(None));
        }
    }
    if !plain.is_empty() {
        others.insert(0, Detection::Keywords(plain));
    }
    any_of(others)
}
