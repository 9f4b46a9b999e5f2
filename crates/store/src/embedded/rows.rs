//! Any number of rows, newest first, in pages: memory holds one page.

use std::ops::ControlFlow;

use crate::embedded::EmbeddedStore;
use crate::{Row, SearchRequest, StoreError, Summary};

/// Rows of the first page; who wants more gets larger ones.
const FIRST_PAGE: usize = 1_000;
/// Bytes that a page should not be over.
const PAGE_BYTES: usize = 16 << 20;
const LEAST_PAGE: usize = 64;

impl EmbeddedStore {
    pub(super) fn every_row(
        &self,
        request: &SearchRequest,
        out: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<Summary, StoreError> {
        let mut all = Summary::default();
        let mut page = SearchRequest {
            limit: FIRST_PAGE,
            ..request.clone()
        };
        let mut left = request.limit;
        while left > 0 {
            page.limit = page.limit.min(left).min(self.options.rows);
            let (mut count, mut bytes, mut last, mut stopped) = (0, 0, None, false);
            let summary = self.search_rows(&page, &mut |row| {
                count += 1;
                bytes += row.event.weight();
                last = Some(row.place());
                let flow = out(row);
                stopped = flow.is_break();
                flow
            })?;
            let ended = stopped || summary.cancelled || count < page.limit;
            all.add(summary);
            if ended {
                break;
            }
            left -= count;
            page.after = last;
            page.limit =
                (PAGE_BYTES / (bytes / count.max(1)).max(1)).clamp(LEAST_PAGE, self.options.rows.max(LEAST_PAGE));
        }
        Ok(all)
    }
}
