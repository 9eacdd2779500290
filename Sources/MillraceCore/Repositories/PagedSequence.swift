/// Everything that a query by pages finds, as one sequence that holds a page at a time.
public struct PagedSequence<Element: Sendable, Cursor: Sendable>: AsyncSequence, Sendable {
    /// Every failure is the store's.
    public typealias Failure = StoreError

    private let pageSize: Int
    private let cursor: @Sendable (Element) -> Cursor
    private let fetch: @Sendable (Cursor?, Int) async throws(StoreError) -> [Element]

    /// Makes a sequence from a query.
    ///
    /// - Parameters:
    ///   - pageSize: how many elements to ask for at once.
    ///   - cursor: the place of an element in the order of the query.
    ///   - fetch: reads up to so many elements behind a place; from the beginning for `nil`.
    public init(
        pageSize: Int, cursor: @escaping @Sendable (Element) -> Cursor,
        fetch: @escaping @Sendable (Cursor?, Int) async throws(StoreError) -> [Element]
    ) {
        self.pageSize = pageSize
        self.cursor = cursor
        self.fetch = fetch
    }

    /// Begins at the first element.
    public func makeAsyncIterator() -> Iterator {
        Iterator(sequence: self)
    }

    /// Walks over the pages.
    public struct Iterator: AsyncIteratorProtocol {
        let sequence: PagedSequence
        var page: ArraySlice<Element> = []
        var last: Cursor?
        var isAtEnd = false

        /// The next element; `nil` at the end.
        public mutating func next() async throws(StoreError) -> Element? {
            if page.isEmpty, !isAtEnd {
                let fetched = try await sequence.fetch(last, sequence.pageSize)
                isAtEnd = fetched.count < sequence.pageSize
                last = fetched.last.map(sequence.cursor) ?? last
                page = fetched[...]
            }
            return page.popFirst()
        }
    }
}
