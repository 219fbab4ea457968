// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @title The leaf as Solidity computes it, and OpenZeppelin's verifier, for the golden vectors; never deployed outside tests
contract VectorHarness {
    function leafHash(bytes32 cooperativeId, uint8 kind, bytes32 salt, bytes32 digest)
        external
        pure
        returns (bytes32)
    {
        bytes32 tag = keccak256("nongtin.leaf");
        uint16 version = 1;
        return keccak256(bytes.concat(keccak256(abi.encode(tag, version, cooperativeId, kind, salt, digest))));
    }

    function stampWord(uint64 batchNumber, uint32 index, bytes20 serial) external pure returns (bytes32) {
        return bytes32(abi.encodePacked(batchNumber, index, serial));
    }

    function verifyProof(bytes32[] calldata proof, bytes32 root, bytes32 leaf) external pure returns (bool) {
        return MerkleProof.verifyCalldata(proof, root, leaf);
    }

    function verifyMultiProof(
        bytes32[] calldata proof,
        bool[] calldata proofFlags,
        bytes32 root,
        bytes32[] calldata leaves
    ) external pure returns (bool) {
        return MerkleProof.multiProofVerifyCalldata(proof, proofFlags, root, leaves);
    }
}
