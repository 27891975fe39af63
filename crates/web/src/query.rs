//! Query parameters: known ones are read, unknown ones refused, so that a typo is not a silent wrong answer.

use crate::context::Cx;
use crate::limits;
use crate::problem::Problem;
use std::collections::BTreeMap;

/// Where a page of a list starts and how long it is.
#[derive(Debug, Clone)]
pub struct Page {
    /// Rows.
    pub limit: u32,
    /// The cursor that the page before ended with.
    pub after: Option<String>,
}

impl Page {
    /// One more row than asked for, to know whether there is a next page.
    pub fn probe(&self) -> u32 {
        self.limit.saturating_add(1)
    }

    /// Cuts the probe off and tells the cursor of the next page.
    pub fn cut<T>(&self, rows: &mut Vec<T>, cursor: impl Fn(&T) -> String) -> Option<String> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if rows.len() <= limit {
            return None;
        }
        rows.truncate(limit);
        rows.last().map(cursor)
    }
}

impl Cx {
    /// The query parameters; any that is not in `known` is a 400, and so is one that is given twice.
    pub fn query(&self, known: &[&str]) -> Result<BTreeMap<String, String>, Problem> {
        let mut found = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(self.raw_query().as_bytes()) {
            if !known.contains(&name.as_ref()) {
                let known = if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                };
                return Err(Problem::bad_request(format!(
                    "Unknown query parameter `{name}`; known: {known}."
                )));
            }
            if found
                .insert(name.clone().into_owned(), value.into_owned())
                .is_some()
            {
                return Err(Problem::bad_request(format!(
                    "Query parameter `{name}` is given twice."
                )));
            }
        }
        Ok(found)
    }

    /// `limit` and `after` out of `query`.
    pub fn page(&self, query: &BTreeMap<String, String>) -> Result<Page, Problem> {
        let limit = whole_number(query, "limit", limits::PAGE, limits::PAGE_MAX)?;
        Ok(Page {
            limit,
            after: query.get("after").cloned(),
        })
    }

    /// `limit` of a job: how much one run may do.
    pub fn job_limit(&self, query: &BTreeMap<String, String>) -> Result<u32, Problem> {
        whole_number(query, "limit", limits::JOB, limits::JOB_MAX)
    }
}

fn whole_number(
    query: &BTreeMap<String, String>,
    name: &str,
    default: u32,
    most: u32,
) -> Result<u32, Problem> {
    let Some(text) = query.get(name) else {
        return Ok(default);
    };
    match text.parse::<u32>() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(Problem::bad_request(format!(
            "`{name}` is a whole number from 1 to {most}, not {text:?}."
        ))),
    }
}
