-- One run. A completion is committed as soon as it ends, an optimizer step as soon as it is done, the judgments of a
-- slice all together. JSON where a value has structure.
-- `slice` is `train-1`, `train-2`, ... for the training instructions of an iteration, or `SET/base`, `SET/1.12`, ...
-- for a validation set, sampled with the base model or with the model after step 12 of iteration 1. In an evaluation it
-- is `SET/SUBJECT`.

CREATE TABLE run (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE plugins (
    position INTEGER PRIMARY KEY,
    role     TEXT NOT NULL,
    name     TEXT NOT NULL,
    version  TEXT NOT NULL,
    sha256   TEXT NOT NULL,
    source   TEXT NOT NULL,
    config   TEXT NOT NULL
) WITHOUT ROWID;

-- The completions or judgments of a slice, once complete: the digest of everything they depend on, how many there are,
-- how many of them were reused, and what was measured while they were made.
CREATE TABLE stage_outputs (
    slice     TEXT NOT NULL,
    stage     TEXT NOT NULL,
    cache_key TEXT NOT NULL,
    items     INTEGER NOT NULL,
    reused    INTEGER NOT NULL,
    stats     TEXT NOT NULL,
    PRIMARY KEY (slice, stage)
) WITHOUT ROWID;

CREATE TABLE instructions (
    split    TEXT NOT NULL, -- `train`, or the name of a set
    id       TEXT NOT NULL,
    position INTEGER NOT NULL,
    body     TEXT NOT NULL,
    PRIMARY KEY (split, id)
) WITHOUT ROWID;

CREATE TABLE prompts (
    slice          TEXT NOT NULL,
    instruction_id TEXT NOT NULL,
    prompt         TEXT NOT NULL,
    token_ids      TEXT NOT NULL,
    PRIMARY KEY (slice, instruction_id)
) WITHOUT ROWID;

-- `cache_key` is a digest of everything that a completion depends on.
CREATE TABLE completions (
    slice          TEXT NOT NULL,
    instruction_id TEXT NOT NULL,
    sample         INTEGER NOT NULL,
    cache_key      TEXT NOT NULL,
    body           TEXT NOT NULL,
    PRIMARY KEY (slice, instruction_id, sample)
) WITHOUT ROWID;

CREATE TABLE candidates (
    slice           TEXT NOT NULL,
    instruction_id  TEXT NOT NULL,
    sample          INTEGER NOT NULL,
    thought         TEXT,
    response        TEXT,
    malformed       TEXT,
    thought_tokens  INTEGER NOT NULL,
    response_tokens INTEGER NOT NULL,
    PRIMARY KEY (slice, instruction_id, sample),
    FOREIGN KEY (slice, instruction_id, sample) REFERENCES completions (slice, instruction_id, sample),
    CHECK ((response IS NULL) <> (malformed IS NULL))
) WITHOUT ROWID;

CREATE TABLE judgments (
    slice          TEXT NOT NULL,
    instruction_id TEXT NOT NULL,
    sample         INTEGER NOT NULL,
    score          REAL,
    rationale      TEXT,
    aspects        TEXT,
    unscored       TEXT,
    PRIMARY KEY (slice, instruction_id, sample),
    FOREIGN KEY (slice, instruction_id, sample) REFERENCES candidates (slice, instruction_id, sample),
    CHECK ((score IS NULL) <> (unscored IS NULL))
) WITHOUT ROWID;

-- The verdicts of a pairwise judge on two samples, from which the judgments were computed.
CREATE TABLE preferences (
    slice             TEXT NOT NULL,
    instruction_id    TEXT NOT NULL,
    first             INTEGER NOT NULL,
    second            INTEGER NOT NULL,
    preference        TEXT NOT NULL,
    strength          TEXT CHECK (strength IN ('slight', 'strong')),
    first_probability REAL,
    rationale         TEXT,
    PRIMARY KEY (slice, instruction_id, first, second)
) WITHOUT ROWID;

CREATE TABLE pairs (
    slice          TEXT NOT NULL,
    instruction_id TEXT NOT NULL,
    chosen         INTEGER NOT NULL,
    rejected       INTEGER NOT NULL,
    PRIMARY KEY (slice, instruction_id, chosen, rejected),
    CHECK (chosen <> rejected)
) WITHOUT ROWID;

CREATE TABLE drops (
    slice          TEXT NOT NULL,
    instruction_id TEXT NOT NULL,
    reason         TEXT NOT NULL,
    PRIMARY KEY (slice, instruction_id)
) WITHOUT ROWID;

CREATE TABLE steps (
    iteration INTEGER NOT NULL,
    step      INTEGER NOT NULL,
    metrics   TEXT NOT NULL,
    PRIMARY KEY (iteration, step)
) WITHOUT ROWID;

-- One model on one validation set: an outcome per instruction. Iteration 0, step 0 is the base model; `model` is the
-- digest of its files.
CREATE TABLE measurements (
    set_name  TEXT NOT NULL,
    iteration INTEGER NOT NULL,
    step      INTEGER NOT NULL,
    model     TEXT NOT NULL,
    body      TEXT NOT NULL,
    PRIMARY KEY (set_name, iteration, step)
) WITHOUT ROWID;

-- An evaluation: what a judge made of the responses of a subject to a set, alone or beside those of an opponent.
CREATE TABLE outcomes (
    slice     TEXT NOT NULL,
    judge     TEXT NOT NULL,
    opponent  TEXT NOT NULL, -- empty for a judge that scores one response
    cache_key TEXT NOT NULL,
    body      TEXT NOT NULL,
    PRIMARY KEY (slice, judge, opponent)
) WITHOUT ROWID;

CREATE TABLE iterations (
    iteration  INTEGER PRIMARY KEY,
    checkpoint TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    metrics    TEXT NOT NULL
) WITHOUT ROWID;
