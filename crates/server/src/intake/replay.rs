//! Cursors from a ledger: its newest snapshot, then every record behind it.

use watchpost_event::{Batch, Cursors, Envelope, StreamKey, Verdict};
use watchpost_ledger::{LedgerPosition, Reader, Record, Recovery};

use super::{IntakeError, REPLAY_CHUNK_BYTES};

/// What opening found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntakeReport {
    /// Damage, in words, for the log, `doctor` and the delivery report.
    pub damage: Vec<String>,
    /// Bytes at the end that had never been acknowledged; normal after a crash.
    pub torn_bytes: u64,
    /// Records replayed behind the snapshot.
    pub replayed: u64,
}

pub(super) fn restore(reader: &Reader, recovery: Recovery) -> Result<(Cursors, IntakeReport), IntakeError> {
    let mut report = IntakeReport {
        torn_bytes: recovery.torn_bytes,
        ..IntakeReport::default()
    };
    describe_damage(&recovery, &mut report.damage);
    let mut cursors = match recovery.snapshot {
        Some(snapshot) if !snapshot.is_empty() => {
            serde_json::from_slice(&snapshot).map_err(IntakeError::BadSnapshot)?
        }
        _ => Cursors::new(),
    };
    let mut at = recovery.snapshot_end;
    loop {
        let records = reader.read(at, REPLAY_CHUNK_BYTES)?;
        let Some(last) = records.last() else { break };
        at = last.next;
        for record in &records {
            take(&mut cursors, record)?;
            report.replayed += 1;
        }
    }
    Ok((cursors, report))
}

fn take(cursors: &mut Cursors, record: &Record) -> Result<(), IntakeError> {
    let position: LedgerPosition = record.position;
    let bad = |source| IntakeError::BadRecord { position, source };
    let (envelope, bytes) = Envelope::read(&record.payload).map_err(bad)?;
    let (batch, _) = Batch::read(bytes).map_err(bad)?;
    let header = &batch.header;
    let verdict = match cursors.judge(header) {
        // Records follow one another without holes when they are written, so the one before was damaged.
        Verdict::Gap { .. } => {
            cursors.cross_damage(header);
            cursors.judge(header)
        }
        verdict => verdict,
    };
    if let Verdict::Accept { skip_to } = verdict {
        cursors.advance(header, skip_to, envelope.kept, envelope.received_at);
        cursors.count_rejected(&StreamKey::of(header), envelope.rejected);
    }
    Ok(())
}

fn describe_damage(recovery: &Recovery, damage: &mut Vec<String>) {
    for part in &recovery.quarantined {
        let copy = part
            .file
            .as_ref()
            .map_or_else(String::new, |file| format!(", copied to {}", file.display()));
        damage.push(format!(
            "{} bytes of acknowledged data in ledger segment {} at offset {} are damaged{copy}",
            part.bytes, part.segment, part.offset
        ));
    }
    for hole in &recovery.missing {
        damage.push(format!(
            "acknowledged ledger data from {} to {} is missing",
            hole.start, hole.end
        ));
    }
    if recovery.snapshot.is_none() {
        damage.push(
            "every snapshot of cursors in the ledger is damaged; cursors were rebuilt from its records".to_owned(),
        );
    }
}
