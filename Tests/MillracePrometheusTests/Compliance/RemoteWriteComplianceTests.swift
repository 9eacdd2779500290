import Testing

@Suite("Remote write 1.0, case by case")
struct RemoteWriteComplianceTests {
    @Test("is kept by the sender in each case", arguments: try ComplianceCases.all())
    func sender(complianceCase: ComplianceCase) async throws {
        let violations = try await complianceCase.violations(of: SenderLab.deliver)
        #expect(violations.isEmpty)
    }

    @Test("is not kept by who sends nothing, in nine cases of ten")
    func silence() async throws {
        let cases = try ComplianceCases.all()
        var failed = 0
        for complianceCase in cases {
            let violations = try await complianceCase.violations { _, _ in }
            if !violations.isEmpty { failed += 1 }
        }
        print("compliance: a sender that sends nothing fails \(failed) of \(cases.count) cases")
        #expect(failed * 10 >= cases.count * 9)
    }
}
