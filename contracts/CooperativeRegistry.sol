// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";

/**
 * @title Which cooperatives the alliance vouches for, and which keys speak for each
 * @notice A key counts for what was first anchored while it was valid: from the block that set it until the time it was
 * revoked. The signer's own clock decides nothing.
 */
contract CooperativeRegistry is AccessControl {
    enum Standing {
        Unknown,
        Admitted,
        Suspended
    }

    /// @dev Two slots. The name itself is in the event; its hash is enough to check a name that somebody shows.
    struct Cooperative {
        address admin;
        Standing standing;
        uint64 admittedAt;
        bytes32 nameHash;
    }

    /// @dev Two slots. Times in seconds since 1970; `revokedFrom` is zero while the key is not revoked.
    struct Key {
        uint64 validFrom;
        uint64 revokedFrom;
        uint8 kind;
        bytes32 publicKeyHash;
    }

    /// @notice May admit, suspend and reinstate cooperatives, and stand in for a cooperative that lost its own key.
    bytes32 public constant ALLIANCE_ROLE = keccak256("ALLIANCE_ROLE");

    mapping(bytes32 cooperativeId => Cooperative cooperative) private _cooperatives;
    mapping(bytes32 cooperativeId => mapping(bytes32 keyId => Key key)) private _keys;

    event CooperativeAdmitted(bytes32 indexed cooperativeId, string name, address indexed admin);
    event CooperativeSuspended(bytes32 indexed cooperativeId);
    event CooperativeReinstated(bytes32 indexed cooperativeId);
    event KeySet(bytes32 indexed cooperativeId, bytes32 indexed keyId, uint8 kind, bytes32 publicKeyHash);
    event KeyRevoked(bytes32 indexed cooperativeId, bytes32 indexed keyId, uint64 revokedFrom);

    /// @notice No alliance, so that nobody could ever be admitted.
    error NoAlliance(address alliance);
    /// @notice A cooperative needs somebody who may act for it.
    error NoAdmin(address admin);
    /// @notice Zero is not an id: it is what an unset variable holds.
    error ZeroCooperativeId(bytes32 cooperativeId);
    /// @notice The step does not follow from where the cooperative stands.
    error WrongStanding(bytes32 cooperativeId, Standing standing);
    /// @notice Neither the alliance nor the admin of this cooperative, or its admin while it is suspended.
    error NotInCharge(bytes32 cooperativeId, address caller);
    /// @notice A key id is used once: what it once signed must stay checkable.
    error KeyAlreadySet(bytes32 keyId);
    error UnknownKey(bytes32 keyId);
    /// @notice A revocation lies between the key's first moment and now, and never later than one that stands.
    error WrongRevocationTime(uint64 revokedFrom);

    modifier onlyInCharge(bytes32 cooperativeId) {
        Cooperative storage cooperative = _cooperatives[cooperativeId];
        bool ownAdmin = cooperative.standing == Standing.Admitted && cooperative.admin == _msgSender();
        if (!ownAdmin && !hasRole(ALLIANCE_ROLE, _msgSender())) revert NotInCharge(cooperativeId, _msgSender());
        _;
    }

    constructor(address alliance) {
        if (alliance == address(0)) revert NoAlliance(alliance);
        _grantRole(DEFAULT_ADMIN_ROLE, alliance);
        _grantRole(ALLIANCE_ROLE, alliance);
    }

    /**
     * @notice The alliance vouches for a cooperative from now on.
     * @dev Requirements: caller is the alliance; the id is new and not zero, because a leaf's cooperative id must mean
     * one cooperative for ever; an admin is named.
     */
    function admit(bytes32 cooperativeId, string calldata name, address admin) external onlyRole(ALLIANCE_ROLE) {
        if (cooperativeId == bytes32(0)) revert ZeroCooperativeId(cooperativeId);
        if (admin == address(0)) revert NoAdmin(admin);
        _requireStanding(cooperativeId, Standing.Unknown);
        _cooperatives[cooperativeId] =
            Cooperative(admin, Standing.Admitted, uint64(block.timestamp), keccak256(bytes(name)));
        emit CooperativeAdmitted(cooperativeId, name, admin);
    }

    /// @notice Until reinstated, the cooperative's own admin can do nothing. Requirements: alliance; admitted.
    function suspend(bytes32 cooperativeId) external onlyRole(ALLIANCE_ROLE) {
        _requireStanding(cooperativeId, Standing.Admitted);
        _cooperatives[cooperativeId].standing = Standing.Suspended;
        emit CooperativeSuspended(cooperativeId);
    }

    /// @notice Ends a suspension. Requirements: alliance; suspended.
    function reinstate(bytes32 cooperativeId) external onlyRole(ALLIANCE_ROLE) {
        _requireStanding(cooperativeId, Standing.Suspended);
        _cooperatives[cooperativeId].standing = Standing.Admitted;
        emit CooperativeReinstated(cooperativeId);
    }

    /**
     * @notice `keyId` speaks for the cooperative from this block's time on.
     * @dev Requirements: caller is in charge; the cooperative was admitted; the key id is new for it.
     * @param kind what the key signs; the table stands with whoever reads it.
     * @param publicKeyHash keccak256 of the public key's bytes.
     */
    function setKey(bytes32 cooperativeId, bytes32 keyId, uint8 kind, bytes32 publicKeyHash)
        external
        onlyInCharge(cooperativeId)
    {
        Standing standing = _cooperatives[cooperativeId].standing;
        if (standing == Standing.Unknown) revert WrongStanding(cooperativeId, standing);
        if (_keys[cooperativeId][keyId].validFrom != 0) revert KeyAlreadySet(keyId);
        _keys[cooperativeId][keyId] = Key(uint64(block.timestamp), 0, kind, publicKeyHash);
        emit KeySet(cooperativeId, keyId, kind, publicKeyHash);
    }

    /**
     * @notice Nothing that was first anchored at `revokedFrom` or later counts as signed by `keyId`.
     * @dev Requirements: caller is in charge; the key is known; the time is not before the key's first moment and not
     * after now. It may lie in the past, because a theft is noticed late. A revocation can be moved back, never
     * forward: that would bring a stolen key to life.
     */
    function revokeKey(bytes32 cooperativeId, bytes32 keyId, uint64 revokedFrom)
        external
        onlyInCharge(cooperativeId)
    {
        Key storage key = _keys[cooperativeId][keyId];
        if (key.validFrom == 0) revert UnknownKey(keyId);
        bool outside = revokedFrom < key.validFrom || revokedFrom > block.timestamp;
        if (outside || (key.revokedFrom != 0 && revokedFrom >= key.revokedFrom)) {
            revert WrongRevocationTime(revokedFrom);
        }
        key.revokedFrom = revokedFrom;
        emit KeyRevoked(cooperativeId, keyId, revokedFrom);
    }

    /// @notice All zero when the id is unknown.
    function cooperativeOf(bytes32 cooperativeId) external view returns (Cooperative memory) {
        return _cooperatives[cooperativeId];
    }

    /// @notice All zero when the key is unknown.
    function keyOf(bytes32 cooperativeId, bytes32 keyId) external view returns (Key memory) {
        return _keys[cooperativeId][keyId];
    }

    function _requireStanding(bytes32 cooperativeId, Standing wanted) private view {
        Standing standing = _cooperatives[cooperativeId].standing;
        if (standing != wanted) revert WrongStanding(cooperativeId, standing);
    }
}
