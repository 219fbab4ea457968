// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/**
 * @title Roots of Merkle trees, each with the time since when it has stood here
 * @notice Whoever holds a leaf and its proof learns from this contract alone since when the leaf's content has existed
 * unchanged. Nothing is ever overwritten or removed: a root's first time is its time.
 * @dev Leaves and trees: `encoding/` beside this file. A root is one storage slot and one event, whatever the number of
 * leaves below it.
 */
contract AnchorRegistry is AccessControl {
    /// @dev One slot. `time` is never zero for a root that stands, so it also says whether one does.
    struct Anchor {
        uint64 time;
        uint64 treeSize;
        uint64 blockNumber;
    }

    /// @notice May anchor. Held by the cloud service's key, which needs no other right.
    bytes32 public constant ANCHORER_ROLE = keccak256("ANCHORER_ROLE");

    mapping(bytes32 root => Anchor anchor) private _anchors;

    /// @notice `root`, of a tree of `treeSize` leaves, stands from this block on.
    event Anchored(bytes32 indexed root, uint64 treeSize, address indexed anchorer);

    /// @notice No administrator, so that nobody could ever be allowed to anchor.
    error NoAlliance(address alliance);
    /// @notice Zero is not a root: it is what an unset variable holds.
    error ZeroRoot(bytes32 root);
    /// @notice A tree has at least one leaf.
    error ZeroTreeSize(uint64 treeSize);
    /// @notice `root` stands already; its first time holds. Whoever sent it again may go on as if it had succeeded.
    error AlreadyAnchored(bytes32 root);

    /// @param alliance gives and takes the right to anchor.
    constructor(address alliance) {
        if (alliance == address(0)) revert NoAlliance(alliance);
        _grantRole(DEFAULT_ADMIN_ROLE, alliance);
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

    /// @notice Time (seconds since 1970), tree size and block of `root`; all zero when it does not stand.
    function anchorOf(bytes32 root) external view returns (uint64 time, uint64 treeSize, uint64 blockNumber) {
        Anchor storage found = _anchors[root];
        return (found.time, found.treeSize, found.blockNumber);
    }

    /// @notice Since when (seconds since 1970) `leaf` has stood below `root`; zero when the proof does not lead to
    /// `root`, or `root` does not stand.
    function verify(bytes32 root, bytes32 leaf, bytes32[] calldata proof) external view returns (uint64 time) {
        return MerkleProof.verifyCalldata(proof, root, leaf) ? _anchors[root].time : 0;
    }
}
