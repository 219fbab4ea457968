// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {CooperativeRegistry} from "./CooperativeRegistry.sol";

/**
 * @title Roots of Merkle trees, each with the time since when it has stood, and what its issuers have revoked
 * @notice Whoever holds a leaf and its proof learns from this contract alone since when the leaf's content has existed
 * unchanged, and whether it still counts. Nothing is ever overwritten or removed: a root's first time is its time, and
 * what is revoked stays so.
 * @dev Leaves and trees: `encoding/` beside this file. A root is one storage slot and one event, whatever the number of
 * leaves below it. Nothing here calls a contract but the registry below, and that one only to read.
 */
contract AnchorRegistry is AccessControlDefaultAdminRules {
    /// @dev One slot. `time` is never zero for a root that stands, so it also says whether one does.
    struct Anchor {
        uint64 time;
        uint64 treeSize;
        uint64 blockNumber;
    }

    /// @notice What a leaf of an anchored tree stands for: `encoding/leaf.ts`.
    struct Record {
        bytes32 cooperativeId;
        uint8 kind;
        bytes32 salt;
        bytes32 digest;
    }

    /// @notice May anchor. Held by the cloud service's key, which needs no other right.
    bytes32 public constant ANCHORER_ROLE = keccak256("ANCHORER_ROLE");
    /// @notice May take an anchorer's role away, and nothing else: a key for the night, kept where nobody is asked first.
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");
    /// @notice Revokes in the alliance's own name, which counts for every cooperative's leaves.
    bytes32 public constant ALLIANCE_ISSUER = keccak256("nongtin.issuer/alliance");
    /// @notice Bitmap words, of 256 stamps each, that one call may write: 65,536 stamps, some 6 million gas.
    uint256 public constant MAX_RANGE_WORDS = 256;

    bytes32 private constant LEAF_TAG = keccak256("nongtin.leaf");
    uint16 private constant LEAF_VERSION = 1;
    /// @dev `leafKinds.stamp_batch` of `encoding/kinds.ts`.
    uint8 private constant STAMP_BATCH = 2;

    /// @notice Says who may revoke for which cooperative. In the code, not in storage: a code hash covers it.
    CooperativeRegistry public immutable registry;

    mapping(bytes32 root => Anchor anchor) private _anchors;
    mapping(bytes32 issuer => mapping(bytes32 leaf => uint64 time)) private _revokedAt;
    mapping(bytes32 issuer => mapping(bytes32 batchLeaf => mapping(uint32 word => uint256 bitmap))) private
        _revokedStamps;

    /// @notice `root`, of a tree of `treeSize` leaves, stands from this block on.
    event Anchored(bytes32 indexed root, uint64 treeSize, address indexed anchorer);
    /// @notice `leaf` counts no longer, as far as `issuer` may say so.
    event LeafRevoked(bytes32 indexed issuer, bytes32 indexed leaf, address indexed revoker);
    /// @notice The stamps `from` to `to`, both included, of the batch count no longer.
    event StampsRevoked(
        bytes32 indexed issuer, bytes32 indexed batchLeaf, uint32 from, uint32 to, address indexed revoker
    );

    /// @notice Not a contract, so that nobody could ever be asked who may revoke.
    error NoRegistry(address registry);
    /// @notice Zero is not a root: it is what an unset variable holds.
    error ZeroRoot(bytes32 root);
    /// @notice A tree has at least one leaf.
    error ZeroTreeSize(uint64 treeSize);
    /// @notice `root` stands already; its first time holds. Whoever sent it again may go on as if it had succeeded.
    error AlreadyAnchored(bytes32 root);
    /// @notice Zero is not a leaf.
    error ZeroLeaf(bytes32 leaf);
    /// @notice The caller may not act for this issuer, or there is no such issuer.
    error NotIssuer(bytes32 issuer, address caller);
    /// @notice The first stamp comes after the last one.
    error EmptyRange(uint32 from, uint32 to);
    /// @notice More bitmap words than MAX_RANGE_WORDS: revoke in several calls, or the whole batch by its leaf.
    error RangeTooLong(uint256 words);
    /// @notice Only a stamp batch has stamps.
    error NotAStampBatch(uint8 kind);

    /**
     * @param alliance gives and takes all roles; it changes hands in two steps, `adminDelay` apart.
     * @param cooperatives the alliance's registry of cooperatives.
     * @param adminDelay seconds in which a theft of the alliance's key can be noticed and undone.
     * @param anchorers get ANCHORER_ROLE, so that no second transaction is needed; may be none.
     * @param guardians get GUARDIAN_ROLE; may be none.
     */
    constructor(
        address alliance,
        CooperativeRegistry cooperatives,
        uint48 adminDelay,
        address[] memory anchorers,
        address[] memory guardians
    ) AccessControlDefaultAdminRules(adminDelay, alliance) {
        if (address(cooperatives).code.length == 0) revert NoRegistry(address(cooperatives));
        registry = cooperatives;
        for (uint256 i = 0; i < anchorers.length; i++) _grantRole(ANCHORER_ROLE, anchorers[i]);
        for (uint256 i = 0; i < guardians.length; i++) _grantRole(GUARDIAN_ROLE, guardians[i]);
    }

    /**
     * @notice Lets `root` stand with this block's time and number.
     * @dev Requirements: the caller has ANCHORER_ROLE, else strangers could give our time to their content and fill
     * the events that our readers follow; `root` is not zero and does not stand yet; `treeSize` is not zero.
     * @param treeSize how many leaves the tree has: a proof longer or shorter than such a tree allows is a forgery.
     */
    function anchor(bytes32 root, uint64 treeSize) external onlyRole(ANCHORER_ROLE) {
        if (root == bytes32(0)) revert ZeroRoot(root);
        if (treeSize == 0) revert ZeroTreeSize(treeSize);
        if (_anchors[root].time != 0) revert AlreadyAnchored(root);
        _anchors[root] = Anchor(uint64(block.timestamp), treeSize, uint64(block.number));
        emit Anchored(root, treeSize, _msgSender());
    }

    /**
     * @notice Takes ANCHORER_ROLE from `anchorer`; the alliance alone can give it back.
     * @dev Requirement: the caller has GUARDIAN_ROLE. It writes the flag that `anchor` reads anyway, so a suspension
     * costs an anchor no second read. Of who has no such role it changes nothing.
     */
    function suspendAnchorer(address anchorer) external onlyRole(GUARDIAN_ROLE) {
        _revokeRole(ANCHORER_ROLE, anchorer);
    }

    /**
     * @notice `leaf` counts no longer, as far as `issuer` may say so; of a stamp batch, none of its stamps does.
     * @dev Requirements: the caller may act for `issuer`; `leaf` is not zero. The leaf need not be anchored: a
     * revocation may be faster than its anchor. What is revoked stays as it was, with its first time.
     */
    function revoke(bytes32 issuer, bytes32 leaf) external {
        _requireIssuer(issuer);
        if (leaf == bytes32(0)) revert ZeroLeaf(leaf);
        if (_revokedAt[issuer][leaf] != 0) return;
        _revokedAt[issuer][leaf] = uint64(block.timestamp);
        emit LeafRevoked(issuer, leaf, _msgSender());
    }

    /**
     * @notice The stamps with the indices `from` to `to`, both included, of a batch count no longer.
     * @dev Requirements: the caller may act for `issuer`; the batch's leaf is not zero; `from` is not above `to`; at
     * most MAX_RANGE_WORDS words. Of stamps that are revoked already nothing changes. The event is always told: which of
     * them were new stands in the events before.
     */
    function revokeRange(bytes32 issuer, bytes32 batchLeaf, uint32 from, uint32 to) external {
        _requireIssuer(issuer);
        if (batchLeaf == bytes32(0)) revert ZeroLeaf(batchLeaf);
        if (from > to) revert EmptyRange(from, to);
        uint32 first = from >> 8;
        uint32 last = to >> 8;
        uint256 words = uint256(last - first) + 1;
        if (words > MAX_RANGE_WORDS) revert RangeTooLong(words);
        mapping(uint32 => uint256) storage bitmaps = _revokedStamps[issuer][batchLeaf];
        for (uint256 word = first; word <= last; word++) {
            uint256 mask = type(uint256).max;
            if (word == first) mask &= type(uint256).max << (from & 0xff);
            if (word == last) mask &= type(uint256).max >> (255 - (to & 0xff));
            bitmaps[uint32(word)] |= mask;
        }
        emit StampsRevoked(issuer, batchLeaf, from, to, _msgSender());
    }

    /// @notice Time (seconds since 1970), tree size and block of `root`; all zero when it does not stand.
    function anchorOf(bytes32 root) external view returns (uint64 time, uint64 treeSize, uint64 blockNumber) {
        Anchor storage found = _anchors[root];
        return (found.time, found.treeSize, found.blockNumber);
    }

    /// @notice Since when (seconds since 1970) `issuer` has revoked `leaf`; zero when it has not.
    /// @dev Whoever reads decides which issuers count: the leaf's own cooperative, and ALLIANCE_ISSUER.
    function revokedAt(bytes32 issuer, bytes32 leaf) external view returns (uint64 time) {
        return _revokedAt[issuer][leaf];
    }

    /// @notice Which of the stamps 256 × `word` to 256 × `word` + 255 of the batch `issuer` has revoked, by
    /// revokeRange: the lowest bit is the first one. A batch that is revoked as a whole is told by revokedAt alone.
    function revokedStamps(bytes32 issuer, bytes32 batchLeaf, uint32 word) external view returns (uint256 bitmap) {
        return _revokedStamps[issuer][batchLeaf][word];
    }

    /// @notice Since when (seconds since 1970) `leaf` has stood below `root`; zero when the proof does not lead to
    /// `root`, or `root` does not stand. Says nothing of revocations: without the leaf's content nobody can know whose
    /// revocations count.
    function verify(bytes32 root, bytes32 leaf, bytes32[] calldata proof) external view returns (uint64 time) {
        return MerkleProof.verifyCalldata(proof, root, leaf) ? _anchors[root].time : 0;
    }

    /**
     * @notice Since when `record` has stood below `root` (zero: it does not), and whether it is revoked by its own
     * cooperative or by the alliance; all as of one block.
     * @dev The leaf is computed here, so nobody can name another cooperative's issuer for it. A proof of a length that
     * a tree of that size has not got leads nowhere.
     */
    function verifyRecord(bytes32 root, Record calldata record, bytes32[] calldata proof)
        external
        view
        returns (uint64 time, bool revoked)
    {
        bytes32 leaf = leafOf(record);
        return (_standing(root, leaf, proof), _isRevoked(record.cooperativeId, leaf));
    }

    /**
     * @notice The same for stamp `index` of a batch: also revoked when its own bit is set.
     * @dev That the stamp belongs to the batch is for the reader to compute: the batch's record names the root of its
     * stamps in JSON, of which this contract sees the digest alone.
     */
    function verifyStamp(bytes32 root, Record calldata batch, bytes32[] calldata proof, uint32 index)
        external
        view
        returns (uint64 time, bool revoked)
    {
        if (batch.kind != STAMP_BATCH) revert NotAStampBatch(batch.kind);
        bytes32 leaf = leafOf(batch);
        uint256 bits = _revokedStamps[batch.cooperativeId][leaf][index >> 8]
            | _revokedStamps[ALLIANCE_ISSUER][leaf][index >> 8];
        bool own = (bits >> (index & 0xff)) & 1 == 1;
        return (_standing(root, leaf, proof), own || _isRevoked(batch.cooperativeId, leaf));
    }

    /// @notice The leaf that stands for `record`, as `leafHash` of `encoding/leaf.ts` computes it.
    function leafOf(Record calldata record) public pure returns (bytes32) {
        bytes32 inner = keccak256(
            abi.encode(LEAF_TAG, LEAF_VERSION, record.cooperativeId, record.kind, record.salt, record.digest)
        );
        return keccak256(bytes.concat(inner));
    }

    function _requireIssuer(bytes32 issuer) private view {
        bool allowed = issuer == ALLIANCE_ISSUER
            ? registry.hasRole(registry.ALLIANCE_ROLE(), _msgSender())
            : registry.mayActFor(issuer, _msgSender());
        if (!allowed) revert NotIssuer(issuer, _msgSender());
    }

    /// @dev Depths of the leaves of a complete binary tree of n leaves: from floor(log2 n) to ceil(log2 n).
    function _standing(bytes32 root, bytes32 leaf, bytes32[] calldata proof) private view returns (uint64 time) {
        Anchor storage found = _anchors[root];
        uint256 size = found.treeSize;
        if (size == 0 || proof.length < Math.log2(size) || proof.length > Math.log2(2 * size - 1)) return 0;
        return MerkleProof.verifyCalldata(proof, root, leaf) ? found.time : 0;
    }

    function _isRevoked(bytes32 cooperativeId, bytes32 leaf) private view returns (bool) {
        return _revokedAt[cooperativeId][leaf] != 0 || _revokedAt[ALLIANCE_ISSUER][leaf] != 0;
    }
}
