internal import MillraceTesting

/// A part that is tried with random input.
protocol Fuzzer {
    associatedtype Input

    /// Makes the input of a case; the same numbers make the same input.
    func makeInput(using generator: inout SeededGenerator) -> Input

    /// Tries an input.
    ///
    /// - Throws: ``ContractViolation`` when the part does what it must not.
    func check(_ input: Input) async throws

    /// The input in a form that can be read, and made into a test.
    func describe(_ input: Input) -> String

    /// Removes what was made for all cases.
    func finish()
}

extension Fuzzer {
    func finish() {}
}
