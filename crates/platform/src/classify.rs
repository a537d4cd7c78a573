//! Tells the cache which report a request asks for, and for whom.
//!
//! Authorisation happens here, before the lookup and without a query: what somebody may not read is not
//! classified, goes through to the service, and is refused there.

use std::sync::Arc;

use http::request::Parts;
use report_cache::{Classify, ReportFacts, ReportKey, ReportType};

use crate::Service;
use crate::domain::Relations;
use crate::http::{Asked, Tokens, asked, authenticate};

/// The school's answer to the cache's one question.
pub(crate) struct ReportClassifier {
    tokens: Tokens,
    relations: Arc<Relations>,
}

impl ReportClassifier {
    /// For the requests of this service.
    pub(crate) fn new(service: &Service) -> Self {
        Self { tokens: service.tokens.clone(), relations: service.relations.clone() }
    }
}

impl Classify for ReportClassifier {
    fn classify(&self, request: &Parts) -> Option<ReportFacts> {
        let links = self.relations.now();
        let reader = authenticate(&request.headers, &self.tokens, &links)?;
        let (asked, filters) = asked(&request.uri).ok()?;
        let (id, report_type) = match asked {
            Asked::List(_) | Asked::Export(..) => (0, ReportType::Default),
            Asked::Report(id) | Asked::Stats(id) => {
                let report = links.report(id)?;
                if !links.may_read(reader, report) {
                    return None;
                }
                (id, report.kind.cached_as())
            }
        };
        let key = ReportKey::new(id.unsigned_abs(), reader.id.unsigned_abs(), &filters);
        Some(ReportFacts { key, report_type, role: reader.role.as_str() })
    }
}
