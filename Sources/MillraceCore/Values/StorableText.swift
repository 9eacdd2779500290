extension String {
    /// The text without NUL, which no JSON column can hold.
    ///
    /// What engines and handlers say is stored as it comes; one such character must not keep an outcome from being
    /// settled.
    var storable: String {
        utf8.contains(0) ? replacing("\0", with: "") : self
    }
}
