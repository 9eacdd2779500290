internal import MillraceCore

/// Fails the rule with a message unless a condition holds.
func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    guard condition else { throw ContractViolation(message()) }
}

/// Fails the rule unless two values are equal; the message names both.
func requireEqual<Value: Equatable>(_ actual: Value, _ expected: Value, _ what: @autoclosure () -> String) throws {
    guard actual == expected else {
        throw ContractViolation("\(what()): expected \(expected), got \(actual)")
    }
}

/// Fails the rule unless there is a value.
func requireValue<Value>(_ value: Value?, _ what: @autoclosure () -> String) throws -> Value {
    guard let value else { throw ContractViolation("\(what()): there is none") }
    return value
}

/// Fails the rule unless an operation throws a `StoreError` with a code.
func requireError(
    _ code: StoreError.Code, _ what: @autoclosure () -> String, _ operation: () async throws -> Void
) async throws {
    do {
        try await operation()
    } catch let error as StoreError where error.code == code {
        return
    } catch {
        throw ContractViolation("\(what()): expected the error \(code), got: \(error)")
    }
    throw ContractViolation("\(what()): expected the error \(code), but it succeeded")
}

/// Runs an operation many times at once; the results in no order.
func concurrently<Value: Sendable>(
    _ count: Int, _ operation: @escaping @Sendable (Int) async throws -> Value
) async throws -> [Value] {
    try await withThrowingTaskGroup(of: Value.self) { group in
        for number in 0..<count { group.addTask { try await operation(number) } }
        var values: [Value] = []
        for try await value in group { values.append(value) }
        return values
    }
}

/// Runs an operation in a task that is cancelled already.
func cancelled(_ operation: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.cancelAll()
        group.addTask { try await operation() }
        try await group.next()
    }
}
