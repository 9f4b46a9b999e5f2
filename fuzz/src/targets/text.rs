//! Text that people, programs and attackers write: queries and log lines.

use std::sync::Arc;

use watchpost_event::{AgentId, Epoch, Event, Fields, Origin, StreamId, Timestamp, View};
use watchpost_pipeline::{Codec, CodecContext, Decoder, Framer, Framing, TimeZone};

const NOW: Timestamp = Timestamp(1_795_132_800_000_000_000);
const MAX_RECORD: usize = 256;

pub(super) fn queries() -> Vec<Vec<u8>> {
    [
        "*",
        "error",
        "\"Failed password\" source.ip:203.0.113.0/24",
        "level:>=error NOT (host.name:web-* OR user.name:root)",
        "http.response.status_code:[500 TO 599] message:/time.?out [0-9]+/",
        "@timestamp:>2026-11-20T22:41:07Z a:1 b:-1.5e3 c:true d:\"\\\"\\\\\"",
        "((((a))))",
        "event.action:(ssh-login OR sudo) -process.name:cron?",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

fn sample_event() -> Event {
    Event::new(NOW, 7, "Failed password for root from 203.0.113.9 port 22")
        .with("source.ip", "203.0.113.9")
        .with("http.response.status_code", 503)
        .with("user.name", "root")
}

/// What parses can be asked, again and again with the same answer, and an error points into the text.
pub(super) fn run_query(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(query) = watchpost_query::parse(text) else {
        return;
    };
    let origin = Origin {
        agent: AgentId::new("web-1").expect("a name"),
        stream: StreamId::new("s").expect("a name"),
        epoch: Epoch(7),
        fields: Fields::new(),
    };
    let event = sample_event();
    let view = View {
        event: &event,
        origin: &origin,
    };
    let matches = query.matches(&view);
    let again = watchpost_query::parse(query.text()).expect("its own text parses");
    assert_eq!(again.matches(&view), matches, "the same text means the same");
}

pub(super) fn streams() -> Vec<Vec<u8>> {
    [
        "one\ntwo\r\nthree\n".to_owned(),
        "2026-11-20 first\n  at a\n  at b\n2026-11-21 second\nend;\nnext\n".to_owned(),
        format!("{}\nshort\n{}", "x".repeat(700), "y".repeat(300)),
        "\n\n\r\n\0\n\u{feff}bom\n".to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

fn framings() -> [Framing; 4] {
    let lines = || Framing::lines().with_max_record(MAX_RECORD).expect("a size");
    [
        lines(),
        lines().with_separator(b";\n").expect("a separator"),
        lines().with_break_before(r"^\d{4}-").expect("a pattern"),
        lines().with_break_after(r";$").expect("a pattern"),
    ]
}

type Cut = (u64, u64, Vec<u8>);

fn cut(framing: &Framing, input: &[u8], chunk: usize) -> Vec<Cut> {
    let mut framer = Framer::new(Arc::new(framing.clone()), 0);
    let mut records: Vec<Cut> = Vec::new();
    for piece in input.chunks(chunk) {
        let mut piece = piece;
        while let Some(record) = framer.next_record(&mut piece) {
            records.push((record.start, record.end, record.bytes().to_vec()));
        }
        assert!(piece.is_empty(), "a chunk is used up");
        assert!(
            framer.held_bytes() <= 8 * MAX_RECORD + 64,
            "{} bytes are held",
            framer.held_bytes()
        );
    }
    while let Some(record) = framer.finish() {
        records.push((record.start, record.end, record.bytes().to_vec()));
    }
    records
}

/// The same records however the bytes come, one behind the other, none longer than allowed, none missing.
pub(super) fn run_framing(input: &[u8]) {
    let input = &input[..input.len().min(4_096)];
    for framing in framings() {
        let whole = cut(&framing, input, usize::MAX);
        for chunk in [1, 7, 64] {
            assert_eq!(cut(&framing, input, chunk), whole, "in pieces of {chunk}");
        }
        let mut at = 0;
        for (start, end, bytes) in &whole {
            assert_eq!(*start, at, "records follow one another");
            assert!(end > start && bytes.len() <= MAX_RECORD);
            at = *end;
        }
        assert_eq!(at, input.len() as u64, "every byte is in a record");
    }
}

pub(super) fn lines() -> Vec<Vec<u8>> {
    [
        "Nov 20 22:41:07 web-1 sshd[4242]: Failed password for invalid user x from 203.0.113.9 port 2200 ssh2",
        "Nov 20 22:41:07 web-1 sudo:   anna : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh -c 'a=\"b\"'",
        "<165>1 2026-11-20T22:41:07.003Z host app 17 ID47 [x@1 a=\"b\\\"c\" d=\"\"][y] \u{feff}text",
        "2026-11-20T22:41:07+02:00 host su[1]: (to root) anna on pts/1",
        "{\"@timestamp\":\"2026-11-20T22:41:07Z\",\"level\":\"warn\",\"message\":\"m\",\"a\":{\"b\":[1,2.5,null,{}]}}",
        "Nov 20 22:41:07 web-1 systemd-logind[1]: New session 12 of user anna.",
        "Nov 20 22:41:07 web-1 last message repeated 3 times",
        "www.example.org:443 203.0.113.9 - anna [20/Nov/2026:22:41:07 +0100] \"GET /%2e%2e/?a=%ff\\x22 HTTP/1.1\" 503 - \"-\" \"\\\"x\"",
        "2026/11/20 22:41:07 [error] 12#13: *5 open() failed",
        "[Fri Nov 20 22:41:07.123456 2026] [core:error] [pid 1:tid 2] [client 203.0.113.9:43210] AH1: x",
        "2026-11-20 22:41:07.123 UTC [12] a@b FATAL:  password authentication failed for user \"a\"",
        "2026-11-20T22:41:07.123456Z 12 [Note] [MY-1] [Server] Access denied for user 'a'@'203.0.113.9' (using password: YES)",
        "type=EXECVE msg=audit(1796000000.123:456): argc=2 a0=\"ls\" a1[0]=C3A9 a1[1]=\"x\" key=610162",
        "Nov 20 22:41:07 web-1 kernel: audit: type=1100 audit(1796000000.123:456): pid=9 uid=0 msg='op=x acct=\"a\" res=failed'",
        "plain text",
    ]
    .map(|line| line.as_bytes().to_vec())
    .to_vec()
}

/// Nothing disappears: every line is at least one event.
pub(super) fn run_codecs(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let constants = Fields::new();
    for codec in [
        Codec::Auto,
        Codec::Plain,
        Codec::Syslog,
        Codec::Json,
        Codec::Access,
        Codec::WinXml,
    ] {
        let decoder = Decoder::new(codec, TimeZone::UTC);
        let context = CodecContext {
            now: NOW,
            constants: &constants,
        };
        let mut events = Vec::new();
        decoder.decode(&text, context, &mut events);
        assert!(!events.is_empty() || text.trim().is_empty(), "{codec} lost the line");
        let _ = decoder.own_time(&text, NOW);
    }
}

pub(super) fn windows_events() -> Vec<Vec<u8>> {
    let event = |provider: &str, id: u32, channel: &str, data: &str| {
        format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='{provider}' Guid='{{0}}'/>\
             <EventID Qualifiers='0'>{id}</EventID><Level>0</Level><Task>1</Task><Keywords>0x8020000000000000</Keywords>\
             <TimeCreated SystemTime='2026-11-20T22:41:07.1234567Z'/><EventRecordID>7</EventRecordID><Correlation/>\
             <Execution ProcessID='4' ThreadID='8'/><Channel>{channel}</Channel><Computer>pc-7</Computer></System>{data}</Event>"
        )
    };
    [
        event(
            "Microsoft-Windows-Security-Auditing",
            4688,
            "Security",
            "<EventData><Data Name='SubjectUserSid'>S-1-5-18</Data><Data Name='SubjectUserName'>PC-7$</Data>\
             <Data Name='NewProcessId'>0x15f8</Data><Data Name='NewProcessName'>C:\\a&amp;b.exe</Data><Data Name='CommandLine'/></EventData>",
        ),
        event(
            "Microsoft-Windows-Sysmon",
            22,
            "Microsoft-Windows-Sysmon/Operational",
            "<EventData><Data Name='QueryName'>a.example</Data><Data Name='QueryResults'>::ffff:203.0.113.9;type: 5 b;</Data>\
             <Data Name='Hashes'>SHA1=AB,MD5=</Data><Data Name='User'>A\\b</Data></EventData>",
        ),
        event(
            "PowerShell",
            400,
            "Windows PowerShell",
            "<EventData><Data>x</Data><Data>\tHostApplication=a&#10;\tUserId=A\\b&#13;&#0;&no;</Data><Binary>00FF</Binary></EventData>",
        ),
        event(
            "Microsoft-Windows-Eventlog",
            1102,
            "Security",
            "<UserData><LogFileCleared xmlns='x'><SubjectUserName>anna</SubjectUserName><a><b/></a></LogFileCleared></UserData>\
             <RenderingInfo Culture='en'><Message><![CDATA[m]]></Message><Keywords><Keyword>k</Keyword></Keywords></RenderingInfo>",
        ),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// An event or the text as it is, with the reason.
pub(super) fn run_windows_event(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let constants = Fields::new();
    let context = CodecContext {
        now: NOW,
        constants: &constants,
    };
    let mut events = Vec::new();
    let decoder = Decoder::new(Codec::WinXml, TimeZone::UTC);
    decoder.decode(&text, context, &mut events);
    let [event] = events.as_slice() else {
        panic!("{} events of one", events.len());
    };
    if event.fields.get("error.message").is_some() {
        assert_eq!(event.message, text, "the text stays");
    }
    assert!(decoder.own_time(&text, NOW).is_none_or(|time| time == event.time));
}
