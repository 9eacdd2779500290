/// Why a file is not what it should be.
package struct ParseFailure: Error {
    package let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}
