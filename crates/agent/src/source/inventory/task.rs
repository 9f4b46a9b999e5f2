//! A scheduled task's file (MS-TSCH, "XML Task Definition Syntax").

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event as Xml;

use super::row::Row;

/// Elements within elements at most; the schema itself needs eight.
const DEPTH_LIMIT: usize = 32;
/// Commands and triggers of one task at most.
const PARTS_LIMIT: usize = 64;

/// What is of interest in it.
#[derive(Debug, Default)]
struct Task {
    author: String,
    user: String,
    group: String,
    run_level: String,
    enabled: Option<bool>,
    hidden: bool,
    commands: Vec<String>,
    classes: Vec<String>,
    triggers: Vec<String>,
}

/// Reads a task's file under its name; says why not.
pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Row, String> {
    let text = decode(bytes)?;
    let task = parse(&text)?;
    let user = if task.user.starts_with("S-1-") {
        "user.id"
    } else {
        "user.name"
    };
    let group = if task.group.starts_with("S-1-") {
        "group.id"
    } else {
        "group.name"
    };
    Ok(Row::new()
        .with("watchpost.inventory.name", name)
        .with("watchpost.inventory.author", task.author)
        .with("watchpost.inventory.enabled", task.enabled.unwrap_or(true))
        .with("watchpost.inventory.hidden", task.hidden)
        .with("watchpost.inventory.run_level", task.run_level)
        .with("watchpost.inventory.triggers", task.triggers)
        .with("watchpost.inventory.class_id", task.classes)
        .with("process.command_line", one_or_all(task.commands))
        .with(user, task.user)
        .with(group, task.group))
}

fn one_or_all(mut texts: Vec<String>) -> serde_json::Value {
    match texts.len() {
        1 => texts.remove(0).into(),
        _ => texts.into(),
    }
}

/// UTF-16 with a mark, as the task scheduler writes it, or UTF-8.
fn decode(bytes: &[u8]) -> Result<String, String> {
    let units = |from: fn([u8; 2]) -> u16| -> Vec<u16> {
        let pairs = bytes.get(2..).unwrap_or_default().chunks_exact(2);
        pairs.map(|pair| from([pair[0], pair[1]])).collect()
    };
    let wide = |units: Vec<u16>| String::from_utf16(&units).map_err(|error| error.to_string());
    match bytes {
        [0xff, 0xfe, ..] => wide(units(u16::from_le_bytes)),
        [0xfe, 0xff, ..] => wide(units(u16::from_be_bytes)),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())
        }
    }
}

fn parse(text: &str) -> Result<Task, String> {
    let mut reader = Reader::from_str(text.trim());
    let mut task = Task::default();
    let mut path: Vec<String> = Vec::new();
    let mut value = String::new();
    let mut is_whole = false;
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Xml::Start(start) => {
                if path.len() >= DEPTH_LIMIT {
                    return Err(format!("more than {DEPTH_LIMIT} elements within each other"));
                }
                path.push(start.local_name().as_ref().to_owned());
                value.clear();
                task.open(&path)?;
            }
            Xml::Empty(start) => {
                path.push(start.local_name().as_ref().to_owned());
                task.open(&path)?;
                path.pop();
            }
            Xml::End(_) => {
                task.close(&path, value.trim());
                path.pop();
                value.clear();
                is_whole |= path.is_empty();
            }
            Xml::Text(part) => value.push_str(&part),
            Xml::CData(part) => value.push_str(&part),
            Xml::GeneralRef(reference) => value.push_str(&referred(&reference)),
            Xml::DocType(_) => return Err("a DOCTYPE is no part of a task".to_owned()),
            Xml::Decl(_) | Xml::PI(_) | Xml::Comment(_) => {}
            Xml::Eof => break,
        }
    }
    if is_whole && path.is_empty() {
        Ok(task)
    } else {
        Err("it does not end".to_owned())
    }
}

/// What stands for one character.
fn referred(reference: &quick_xml::events::BytesRef<'_>) -> String {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => character.to_string(),
        _ => resolve_xml_entity(reference).unwrap_or_default().to_owned(),
    }
}

impl Task {
    fn open(&mut self, path: &[String]) -> Result<(), String> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path[..] {
            [root] if root != "Task" => return Err("one <Task> is wanted".to_owned()),
            ["Task", "Triggers", trigger] if self.triggers.len() < PARTS_LIMIT => {
                self.triggers.push(trigger.to_owned());
            }
            ["Task", "Actions", "Exec"] if self.commands.len() < PARTS_LIMIT => self.commands.push(String::new()),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, path: &[String], value: &str) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let value = || value.to_owned();
        match path[..] {
            ["Task", "RegistrationInfo", "Author"] => self.author = value(),
            ["Task", "Principals", "Principal", "UserId"] => self.user = value(),
            ["Task", "Principals", "Principal", "GroupId"] => self.group = value(),
            ["Task", "Principals", "Principal", "RunLevel"] => self.run_level = value(),
            ["Task", "Settings", "Enabled"] => self.enabled = Some(is_true(&value())),
            ["Task", "Settings", "Hidden"] => self.hidden = is_true(&value()),
            ["Task", "Actions", "ComHandler", "ClassId"] if self.classes.len() < PARTS_LIMIT => {
                self.classes.push(value());
            }
            ["Task", "Actions", "Exec", "Command"] => {
                if let Some(command) = self.commands.last_mut() {
                    command.insert_str(0, &value());
                }
            }
            ["Task", "Actions", "Exec", "Arguments"] => {
                if let Some(command) = self.commands.last_mut() {
                    command.push(' ');
                    command.push_str(&value());
                }
            }
            _ => {}
        }
    }
}

fn is_true(text: &str) -> bool {
    matches!(text, "true" | "1")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    const UPDATE: &str = r#"<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Author>ANNA-PC\anna</Author><URI>\Update</URI></RegistrationInfo>
  <Triggers>
    <LogonTrigger><Enabled>true</Enabled></LogonTrigger>
    <BootTrigger />
  </Triggers>
  <Principals><Principal id="Author"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal></Principals>
  <Settings><Hidden>true</Hidden><IdleSettings><StopOnIdleEnd>true</StopOnIdleEnd></IdleSettings></Settings>
  <Actions Context="Author">
    <Exec><Command>C:\Tools\up&amp;date.exe</Command><Arguments>/q &lt;x&gt;</Arguments></Exec>
  </Actions>
</Task>"#;

    fn wide(text: &str) -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn a_task_says_what_it_runs_as_whom_and_when() {
        let row = read(r"\Update", &wide(UPDATE)).unwrap();
        let get = |name: &str| row.get(name).cloned().unwrap_or_default();
        assert_eq!(get("watchpost.inventory.name"), r"\Update");
        assert_eq!(get("watchpost.inventory.author"), r"ANNA-PC\anna");
        assert_eq!(get("watchpost.inventory.enabled"), true, "unless it says otherwise");
        assert_eq!(get("watchpost.inventory.hidden"), true);
        assert_eq!(get("watchpost.inventory.run_level"), "HighestAvailable");
        assert_eq!(
            get("watchpost.inventory.triggers"),
            json!(["LogonTrigger", "BootTrigger"])
        );
        assert_eq!(get("process.command_line"), r"C:\Tools\up&date.exe /q <x>");
        assert_eq!(get("user.id"), "S-1-5-18");
        assert_eq!(row, read(r"\Update", UPDATE.as_bytes()).unwrap(), "UTF-8 says the same");
    }

    #[test]
    fn a_task_may_be_off_run_several_commands_or_a_class() {
        let text = "<Task><Principals><Principal><GroupId>Users</GroupId></Principal></Principals>\
            <Settings><Enabled>false</Enabled></Settings><Actions><Exec><Command>a</Command></Exec>\
            <Exec><Arguments>1</Arguments><Command>b</Command></Exec>\
            <ComHandler><ClassId>{42}</ClassId></ComHandler></Actions></Task>";
        let row = read("x", text.as_bytes()).unwrap();
        assert_eq!(row.get("watchpost.inventory.enabled"), Some(&json!(false)));
        assert_eq!(row.get("process.command_line"), Some(&json!(["a", "b 1"])));
        assert_eq!(row.get("watchpost.inventory.class_id"), Some(&json!(["{42}"])));
        assert_eq!(row.text("group.name"), "Users");
    }

    #[test]
    fn what_is_no_task_says_why_not() {
        let deep = format!("<Task>{}", "<a>".repeat(100_000));
        let texts = [
            "",
            "text",
            "<Event></Event>",
            "<Task>",
            "<Task></a>",
            "<!DOCTYPE x><Task></Task>",
            &deep,
        ];
        for text in texts {
            assert!(read("x", text.as_bytes()).is_err(), "{text:.40}");
            assert!(read("x", &wide(text)).is_err(), "{text:.40}");
        }
        assert!(read("x", &[0xff, 0xfe, 0x00, 0xd8]).is_err(), "half a character");
        assert!(read("x", &[0x80, 0x80]).is_err());
    }
}
