//! The formats that are read.

crate::names! {
    /// The format of a file from a bank.
    pub enum FileFormat {
        /// Whichever the file is by its content; not CSV.
        Auto = "auto",
        /// ISO 20022 `BankToCustomerAccountReport`: a report during the day.
        Camt052 = "camt052",
        /// ISO 20022 `BankToCustomerStatement`: a statement.
        Camt053 = "camt053",
        /// ISO 20022 `BankToCustomerDebitCreditNotification`: single entries and batches.
        Camt054 = "camt054",
        /// SWIFT MT940, and MT942 during the day.
        Mt940 = "mt940",
        /// Open Financial Exchange 1 (SGML) and 2 (XML), also called QFX and QBO.
        Ofx = "ofx",
        /// A table, by a mapping of its columns.
        Csv = "csv",
    }
}
