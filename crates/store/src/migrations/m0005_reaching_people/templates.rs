//! A deployment's own words over the shipped ones.

pub(super) const STATEMENTS: &[&str] = &[
    // Every version that ever was; `blocks` is null where it went back to the shipped words. The newest is in force.
    "CREATE TABLE template_versions (
        template TEXT NOT NULL,
        channel TEXT NOT NULL CHECK (channel IN ('email', 'sms', 'voice', 'letter', 'webhook')),
        tone TEXT NOT NULL CHECK (tone IN ('friendly', 'neutral', 'firm')),
        locale TEXT NOT NULL,
        version INTEGER NOT NULL CHECK (version > 0),
        blocks TEXT CHECK (blocks IS NULL OR json_valid(blocks)),
        created_by TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (template, channel, tone, locale, version)
    ) STRICT, WITHOUT ROWID",
    "CREATE TRIGGER template_versions_stay BEFORE UPDATE ON template_versions
        BEGIN SELECT raise(ABORT, 'a version of a template is never changed'); END",
    // In which tone a template speaks; without a row, the neutral one.
    "CREATE TABLE template_tones (
        template TEXT PRIMARY KEY,
        tone TEXT NOT NULL CHECK (tone IN ('friendly', 'neutral', 'firm')),
        set_by TEXT NOT NULL,
        set_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
];
