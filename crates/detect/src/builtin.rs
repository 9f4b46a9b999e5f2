//! The rules that come with the program, from `content/rules`.

use crate::RuleText;

/// One rule file that comes with the program, and its samples.
#[derive(Clone, Copy, Debug)]
pub struct BuiltinRule {
    /// Its name below `content/rules`, such as `linux/ssh_login.yml`.
    pub name: &'static str,
    /// The rule, Sigma YAML.
    pub text: &'static str,
    /// Its samples, JSON.
    pub samples: &'static str,
}

impl BuiltinRule {
    /// For [`crate::Rules::compile`].
    pub fn rule_text(&self) -> RuleText {
        RuleText::new(format!("builtin:{}", self.name), self.text)
    }
}

macro_rules! rules {
    ($($name:literal),* $(,)?) => {
        &[$(BuiltinRule {
            name: concat!($name, ".yml"),
            text: include_str!(concat!("../../../content/rules/", $name, ".yml")),
            samples: include_str!(concat!("../../../content/rules/", $name, ".samples.json")),
        }),*]
    };
}

/// All of them; a test holds this list and the folder together.
pub fn builtin() -> &'static [BuiltinRule] {
    rules![
        "linux/account_added",
        "linux/process_crashed",
        "linux/process_from_temporary_folder",
        "linux/process_unwanted_tool",
        "linux/ssh_brute_force",
        "linux/ssh_login",
        "linux/sudo_to_root",
        "watched/program_started",
    ]
}
