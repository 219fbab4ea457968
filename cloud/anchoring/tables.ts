/** Rows of the anchors and of the leaves that wait for one. */
// biome-ignore lint/suspicious/noEmptyInterface: filled with the first table
export interface AnchorTables {}
