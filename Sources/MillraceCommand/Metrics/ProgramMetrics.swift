internal import CoreMetrics
internal import Foundation
internal import Logging
internal import Millrace

/// What the program measures of itself.
enum ProgramMetrics {
    /// All processes of the program say the same of what their metrics mean, so they share a collector's identity.
    private static let id = CollectorID(
        UUID(uuid: (0x6D, 0x69, 0x6C, 0x6C, 0x72, 0x61, 0x63, 0x65, 0x2D, 0x70, 0x72, 0x6F, 0x67, 0x72, 0x61, 0x6D)))

    /// Brings what all libraries measure into a collector. Once in a process, and before the store is opened, because handles
    /// are made then.
    static func begin(logger: Logger) -> MetricsCollector {
        let collector = MetricsCollector(id: id, definitions: MillraceMetrics.definitions)
        MetricsSystem.bootstrap(MillraceMetricsFactory(collector, logger: logger))
        return collector
    }
}
