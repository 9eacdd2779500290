import CoreMetrics
import MetricsTestKit
import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePostgres

@Suite("What a pool measures", .timeLimit(.minutes(5)))
struct PoolMetricsTests {
    private let metrics = TestMetrics()

    private func pool(size: Int = 2, timeout: Duration = .seconds(30)) throws -> PoolLab {
        let options = try PostgresPool.Options(size: size, maxOverflow: 0, timeout: timeout)
        return withMetricsFactory(metrics) { PoolLab(options) }
    }

    private func connections(_ state: String) throws -> Double? {
        try metrics.expectMeter("millrace_pool_connections", [("state", state)]).lastValue
    }

    @Test("connections are shown by what they do, of all pools of the process together")
    func connections() async throws {
        let labs = [try pool(), try pool()]
        var loans: [Loan] = []
        for lab in labs { loans.append(try await lab.borrow()) }
        loans.append(try await labs[0].borrow())
        #expect(try connections("in_use") == 3)
        let waiting = labs[0].ask()
        try await eventually { labs[0].pool.state.waiting == 1 }
        #expect(try metrics.expectMeter("millrace_pool_waiting").lastValue == 1)
        for loan in loans { try await loan.end() }
        try await waiting.taken()
        try await waiting.end()
        #expect(try connections("in_use") == 0)
        #expect(try connections("idle") == 3)
        #expect(try metrics.expectMeter("millrace_pool_waiting").lastValue == 0)
        for lab in labs { await lab.pool.close() }
        #expect(try connections("idle") == 0)
        #expect(metrics.counterTotal(label: "millrace_pool_opens_total", dimensions: [("result", "success")]) == 3)
    }

    @Test("a wait is measured, and whether it was in vain")
    func waits() async throws {
        let lab = try pool(size: 1, timeout: .seconds(3))
        let loan = try await lab.borrow()
        #expect(try metrics.expectTimer("millrace_pool_wait_seconds").values.isEmpty, "who gets one at once waits not")
        let first = lab.ask()
        try await eventually { lab.pool.state.waiting == 1 }
        lab.advance(by: .seconds(2))
        try await loan.end()
        try await first.taken()
        let second = lab.ask()
        try await eventually { lab.pool.state.waiting == 1 }
        lab.advance(by: .seconds(3))
        await #expect(throws: PostgresError.self) { try await second.taken() }
        try await first.end()
        #expect(try metrics.expectTimer("millrace_pool_wait_seconds").values == [2_000_000_000, 3_000_000_000])
        #expect(metrics.counterTotal(label: "millrace_pool_timeouts_total") == 1)
    }

    @Test("connections that could not be opened are counted")
    func refusals() async throws {
        let lab = try pool()
        lab.refuse(true)
        await #expect(throws: PostgresError.self) { try await lab.borrow() }
        #expect(metrics.counterTotal(label: "millrace_pool_opens_total", dimensions: [("result", "failure")]) == 1)
        #expect(try connections("in_use") == 0)
    }
}
