internal import Foundation
internal import Synchronization

/// Runs a body on so many threads of their own, and adds up what it returns.
func onThreads(
    _ count: Int, _ body: @escaping @Sendable (_ index: Int) throws -> Int
) async throws -> Int {
    try await withThrowingTaskGroup(of: Int.self) { group in
        for index in 0..<count {
            group.addTask {
                try await withCheckedThrowingContinuation { continuation in
                    Thread.detachNewThread { continuation.resume(with: Result { try body(index) }) }
                }
            }
        }
        return try await group.reduce(0, +)
    }
}
