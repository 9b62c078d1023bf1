//! What is measured, and what each of it needs.

/// What a connection does in one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Asks for money.
    Create,
    /// Pays.
    Confirm,
    /// Gives all of a payment back.
    Refund,
    /// Books an entry.
    Post,
    /// Reads an intent.
    Get,
    /// Reads the newest intents.
    List,
}

/// One kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub(super) enum Scenario {
    /// Ask for money: intent, page token, key, event and delivery, in one commit.
    Create,
    /// Confirm an intent: attempt, journal entry, balances, key, event, and the callback sent.
    Pay,
    /// Book a journal entry of two postings: the ledger alone.
    Post,
    /// Read one intent.
    Read,
    /// Export a journal.
    Export,
    /// 40 % create, 30 % confirm, 20 % read, 5 % list, 5 % refund; callbacks are sent.
    Mixed,
}

/// The turns of a mixed load.
const MIX: [Kind; 20] = [
    Kind::Create,
    Kind::Confirm,
    Kind::Get,
    Kind::Create,
    Kind::Confirm,
    Kind::Create,
    Kind::Get,
    Kind::List,
    Kind::Create,
    Kind::Confirm,
    Kind::Create,
    Kind::Confirm,
    Kind::Get,
    Kind::Create,
    Kind::Refund,
    Kind::Confirm,
    Kind::Create,
    Kind::Confirm,
    Kind::Get,
    Kind::Create,
];

impl Scenario {
    /// All of them, in the order in which they are measured.
    pub const ALL: [Self; 6] = [
        Self::Create,
        Self::Pay,
        Self::Post,
        Self::Read,
        Self::Export,
        Self::Mixed,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Pay => "pay",
            Self::Post => "post",
            Self::Read => "read",
            Self::Export => "export",
            Self::Mixed => "mixed",
        }
    }

    /// What a connection does, turn by turn.
    pub fn turns(self) -> &'static [Kind] {
        match self {
            Self::Create => &[Kind::Create],
            Self::Pay => &[Kind::Confirm],
            Self::Post => &[Kind::Post],
            Self::Read => &[Kind::Get],
            Self::Export => &[],
            Self::Mixed => &MIX,
        }
    }

    /// Whether it is another thing with many merchants: they are whom writers wait for.
    pub fn is_spread(self) -> bool {
        match self {
            Self::Create | Self::Pay | Self::Post | Self::Mixed => true,
            Self::Read | Self::Export => false,
        }
    }

    /// Whether it can do without HTTP.
    pub fn is_in_process(self) -> bool {
        match self {
            Self::Create | Self::Pay | Self::Post => true,
            Self::Read | Self::Export | Self::Mixed => false,
        }
    }

    /// Whether callbacks are sent while it is measured.
    pub fn is_delivered(self) -> bool {
        match self {
            Self::Pay | Self::Mixed => true,
            Self::Create | Self::Post | Self::Read | Self::Export => false,
        }
    }

    /// The types of events that its merchants' endpoints take: one event for each change that counts.
    pub fn sent_events(self) -> &'static [&'static str] {
        match self {
            Self::Create => &["*"],
            Self::Pay => &["payment_intent.succeeded"],
            Self::Mixed => &["payment_intent.created", "payment_intent.succeeded"],
            Self::Post | Self::Read | Self::Export => &[],
        }
    }
}
