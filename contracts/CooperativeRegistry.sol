// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";

/**
 * @title Which cooperatives the alliance vouches for, and which keys speak for each
 * @notice A key counts for what was first anchored while it was valid: from the block that set it until its planned end
 * or the time it was revoked. The signer's own clock decides nothing.
 */
contract CooperativeRegistry is AccessControlDefaultAdminRules {
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

    /// @dev Times in seconds since 1970; `revokedFrom` is zero while the key is not revoked, `validUntil` while no end
    /// is planned. The third slot, of `validUntil`, is written only for a key that has an end.
    struct Key {
        uint64 validFrom;
        uint64 revokedFrom;
        uint8 kind;
        bytes32 publicKeyHash;
        uint64 validUntil;
    }

    /// @dev A key that has been named and has not spoken up yet. `replacedKeyId` is zero when it replaces none.
    struct KeyProposal {
        bytes32 keyId;
        bytes32 publicKeyHash;
        bytes32 replacedKeyId;
        uint32 overlapSeconds;
        uint8 kind;
    }

    /// @notice May admit, suspend and reinstate cooperatives, and stand in for a cooperative that lost its own key.
    bytes32 public constant ALLIANCE_ROLE = keccak256("ALLIANCE_ROLE");
    /// @dev AnchorRegistry.ALLIANCE_ISSUER: no cooperative may revoke in the alliance's name.
    bytes32 private constant ALLIANCE_ISSUER = keccak256("nongtin.issuer/alliance");

    mapping(bytes32 cooperativeId => Cooperative cooperative) private _cooperatives;
    mapping(bytes32 cooperativeId => mapping(bytes32 keyId => Key key)) private _keys;
    mapping(bytes32 cooperativeId => KeyProposal proposal) private _keyProposals;
    mapping(bytes32 cooperativeId => address admin) private _proposedAdmins;

    event CooperativeAdmitted(bytes32 indexed cooperativeId, string name, address indexed admin);
    event CooperativeSuspended(bytes32 indexed cooperativeId);
    event CooperativeReinstated(bytes32 indexed cooperativeId);
    event AdminProposed(bytes32 indexed cooperativeId, address indexed admin);
    event AdminChanged(bytes32 indexed cooperativeId, address indexed previous, address indexed admin);
    event KeySet(bytes32 indexed cooperativeId, bytes32 indexed keyId, uint8 kind, bytes32 publicKeyHash);
    event KeyProposed(bytes32 indexed cooperativeId, bytes32 indexed keyId, uint8 kind, bytes32 publicKeyHash);
    event KeyRetired(bytes32 indexed cooperativeId, bytes32 indexed keyId, uint64 validUntil);
    event KeyRevoked(bytes32 indexed cooperativeId, bytes32 indexed keyId, uint64 revokedFrom);

    /// @notice A cooperative needs somebody who may act for it.
    error NoAdmin(address admin);
    /// @notice Zero is not an id: it is what an unset variable holds.
    error ZeroCooperativeId(bytes32 cooperativeId);
    /// @notice This id stands for the alliance itself.
    error ReservedCooperativeId(bytes32 cooperativeId);
    /// @notice The step does not follow from where the cooperative stands.
    error WrongStanding(bytes32 cooperativeId, Standing standing);
    /// @notice Neither the alliance nor the admin of this cooperative, or its admin while it is suspended.
    error NotInCharge(bytes32 cooperativeId, address caller);
    /// @notice A key id is used once: what it once signed must stay checkable.
    error KeyAlreadySet(bytes32 keyId);
    error UnknownKey(bytes32 keyId);
    /// @notice A revocation lies between the key's first moment and now, and never later than one that stands.
    error WrongRevocationTime(uint64 revokedFrom);
    /// @notice A planned end is not in the past, and never later than one that stands.
    error WrongEnd(uint64 validUntil);
    /// @notice Nobody has proposed the caller for this: nothing waits, or another one is waited for.
    error NotProposed(bytes32 cooperativeId, address caller);

    modifier onlyInCharge(bytes32 cooperativeId) {
        if (!_isInCharge(cooperativeId, _msgSender())) revert NotInCharge(cooperativeId, _msgSender());
        _;
    }

    /// @param alliance has ALLIANCE_ROLE and gives it to others; as administrator it changes hands in two steps.
    /// @param adminDelay seconds between those steps, in which a theft of its key can be noticed and undone.
    constructor(address alliance, uint48 adminDelay) AccessControlDefaultAdminRules(adminDelay, alliance) {
        _grantRole(ALLIANCE_ROLE, alliance);
    }

    /**
     * @notice The alliance vouches for a cooperative from now on.
     * @dev Requirements: caller is the alliance; the id is new and not zero, because a leaf's cooperative id must mean
     * one cooperative for ever; an admin is named.
     */
    function admit(bytes32 cooperativeId, string calldata name, address admin) external onlyRole(ALLIANCE_ROLE) {
        if (cooperativeId == bytes32(0)) revert ZeroCooperativeId(cooperativeId);
        if (cooperativeId == ALLIANCE_ISSUER) revert ReservedCooperativeId(cooperativeId);
        if (admin == address(0)) revert NoAdmin(admin);
        _requireStanding(cooperativeId, Standing.Unknown);
        _cooperatives[cooperativeId] =
            Cooperative(admin, Standing.Admitted, uint64(block.timestamp), keccak256(bytes(name)));
        emit CooperativeAdmitted(cooperativeId, name, admin);
    }

    /// @notice Until reinstated, the cooperative's own admin can do nothing, and what it had proposed is forgotten: a
    /// thief's proposal must not outlive the suspension. Requirements: alliance; admitted.
    function suspend(bytes32 cooperativeId) external onlyRole(ALLIANCE_ROLE) {
        _requireStanding(cooperativeId, Standing.Admitted);
        _cooperatives[cooperativeId].standing = Standing.Suspended;
        delete _keyProposals[cooperativeId];
        delete _proposedAdmins[cooperativeId];
        emit CooperativeSuspended(cooperativeId);
    }

    /// @notice Ends a suspension. Requirements: alliance; suspended.
    function reinstate(bytes32 cooperativeId) external onlyRole(ALLIANCE_ROLE) {
        _requireStanding(cooperativeId, Standing.Suspended);
        _cooperatives[cooperativeId].standing = Standing.Admitted;
        emit CooperativeReinstated(cooperativeId);
    }

    /**
     * @notice Names who shall act for the cooperative; counts when that address accepts. Zero takes a proposal back.
     * @dev Requirements: caller is in charge; the cooperative was admitted.
     */
    function proposeAdmin(bytes32 cooperativeId, address admin) external onlyInCharge(cooperativeId) {
        _requireKnown(cooperativeId);
        _proposedAdmins[cooperativeId] = admin;
        emit AdminProposed(cooperativeId, admin);
    }

    /// @notice The caller acts for the cooperative from now on, the one before it no longer. Requirement: proposed.
    function acceptAdmin(bytes32 cooperativeId) external {
        if (_proposedAdmins[cooperativeId] != _msgSender()) revert NotProposed(cooperativeId, _msgSender());
        address previous = _cooperatives[cooperativeId].admin;
        _cooperatives[cooperativeId].admin = _msgSender();
        delete _proposedAdmins[cooperativeId];
        emit AdminChanged(cooperativeId, previous, _msgSender());
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
        _requireKnown(cooperativeId);
        _addKey(cooperativeId, keyId, kind, publicKeyHash);
    }

    /**
     * @notice First step of a rotation: names a key that speaks for the cooperative once it has accepted by itself, so
     * that a mistyped key never replaces a good one. Another proposal takes the place of this one.
     * @dev Requirements: caller is in charge; the cooperative was admitted; the key id is new for it; the replaced key
     * is known, or zero for none.
     * @param publicKeyHash keccak256 of the 20 bytes of the address that is to accept.
     * @param overlapSeconds for how long after the acceptance the replaced key still counts: what it has signed must
     * have time to be anchored.
     */
    function proposeKey(
        bytes32 cooperativeId,
        bytes32 keyId,
        uint8 kind,
        bytes32 publicKeyHash,
        bytes32 replacedKeyId,
        uint32 overlapSeconds
    ) external onlyInCharge(cooperativeId) {
        _requireKnown(cooperativeId);
        _requireNewKey(cooperativeId, keyId);
        if (replacedKeyId != bytes32(0)) _knownKey(cooperativeId, replacedKeyId);
        _keyProposals[cooperativeId] = KeyProposal(keyId, publicKeyHash, replacedKeyId, overlapSeconds, kind);
        emit KeyProposed(cooperativeId, keyId, kind, publicKeyHash);
    }

    /**
     * @notice Second step, sent by the new key's own address: it speaks from this block's time on, and the key that it
     * replaces ends with the overlap.
     * @dev Requirements: this key id is the one proposed, and the caller's address has the hash proposed; nobody has
     * set the id meanwhile. An end of the replaced key that lies earlier stands.
     */
    function acceptKey(bytes32 cooperativeId, bytes32 keyId) external {
        KeyProposal memory proposal = _keyProposals[cooperativeId];
        bool isProposed = proposal.publicKeyHash == keccak256(abi.encodePacked(_msgSender()));
        if (!isProposed || proposal.keyId != keyId) revert NotProposed(cooperativeId, _msgSender());
        delete _keyProposals[cooperativeId];
        _addKey(cooperativeId, keyId, proposal.kind, proposal.publicKeyHash);
        if (proposal.replacedKeyId == bytes32(0)) return;
        Key storage replaced = _keys[cooperativeId][proposal.replacedKeyId];
        uint64 end = uint64(block.timestamp) + proposal.overlapSeconds;
        if (replaced.validUntil != 0 && replaced.validUntil <= end) return;
        replaced.validUntil = end;
        emit KeyRetired(cooperativeId, proposal.replacedKeyId, end);
    }

    /**
     * @notice Nothing that is first anchored at `validUntil` or later counts as signed by `keyId`.
     * @dev Requirements: caller is in charge; the key is known; the time is not past, and before an end that stands:
     * what has ended must never come to life again. A theft is for revokeKey.
     */
    function retireKey(bytes32 cooperativeId, bytes32 keyId, uint64 validUntil)
        external
        onlyInCharge(cooperativeId)
    {
        Key storage key = _knownKey(cooperativeId, keyId);
        if (validUntil < block.timestamp || (key.validUntil != 0 && validUntil >= key.validUntil)) {
            revert WrongEnd(validUntil);
        }
        key.validUntil = validUntil;
        emit KeyRetired(cooperativeId, keyId, validUntil);
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
        Key storage key = _knownKey(cooperativeId, keyId);
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

    /// @notice The key and the admin that have been named and have not accepted yet; zero: none.
    function proposalsOf(bytes32 cooperativeId) external view returns (KeyProposal memory key, address admin) {
        return (_keyProposals[cooperativeId], _proposedAdmins[cooperativeId]);
    }

    /// @notice Whether what was first anchored at `time` (seconds since 1970) counts as signed by `keyId`.
    function isKeyValidAt(bytes32 cooperativeId, bytes32 keyId, uint64 time) external view returns (bool) {
        Key storage key = _keys[cooperativeId][keyId];
        return key.validFrom != 0 && time >= key.validFrom && (key.validUntil == 0 || time < key.validUntil)
            && (key.revokedFrom == 0 || time < key.revokedFrom);
    }

    /// @notice Whether `caller` may act for a cooperative that was admitted: its own admin unless it is suspended, or
    /// the alliance.
    function mayActFor(bytes32 cooperativeId, address caller) external view returns (bool) {
        return _cooperatives[cooperativeId].standing != Standing.Unknown && _isInCharge(cooperativeId, caller);
    }

    function _isInCharge(bytes32 cooperativeId, address caller) private view returns (bool) {
        Cooperative storage cooperative = _cooperatives[cooperativeId];
        bool ownAdmin = cooperative.standing == Standing.Admitted && cooperative.admin == caller;
        return ownAdmin || hasRole(ALLIANCE_ROLE, caller);
    }

    function _addKey(bytes32 cooperativeId, bytes32 keyId, uint8 kind, bytes32 publicKeyHash) private {
        _requireNewKey(cooperativeId, keyId);
        _keys[cooperativeId][keyId] = Key(uint64(block.timestamp), 0, kind, publicKeyHash, 0);
        emit KeySet(cooperativeId, keyId, kind, publicKeyHash);
    }

    function _requireNewKey(bytes32 cooperativeId, bytes32 keyId) private view {
        if (_keys[cooperativeId][keyId].validFrom != 0) revert KeyAlreadySet(keyId);
    }

    function _knownKey(bytes32 cooperativeId, bytes32 keyId) private view returns (Key storage key) {
        key = _keys[cooperativeId][keyId];
        if (key.validFrom == 0) revert UnknownKey(keyId);
    }

    function _requireKnown(bytes32 cooperativeId) private view {
        Standing standing = _cooperatives[cooperativeId].standing;
        if (standing == Standing.Unknown) revert WrongStanding(cooperativeId, standing);
    }

    function _requireStanding(bytes32 cooperativeId, Standing wanted) private view {
        Standing standing = _cooperatives[cooperativeId].standing;
        if (standing != wanted) revert WrongStanding(cooperativeId, standing);
    }
}
